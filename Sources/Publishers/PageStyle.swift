extension Page {
  static let style = """
    :root { color-scheme: light dark; --back: #f4f6f8; --card: #fff; --line: #dfe4ea;
      --text: #17202b; --soft: #647182; --accent: #0d9488; --good: #16a34a; --warn: #d97706;
      --bad: #dc2626; --track: #e8ecf1; }
    @media (prefers-color-scheme: dark) { :root { --back: #0d1117; --card: #161c24;
      --line: #27303b; --text: #e6ebf1; --soft: #8d99a8; --accent: #2dd4bf; --good: #4ade80;
      --warn: #fbbf24; --bad: #f87171; --track: #232c37; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--back); color: var(--text); min-height: 100vh;
      display: flex; flex-direction: column;
      font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
    header, footer { display: flex; align-items: center; gap: 12px; padding: 12px 20px;
      flex-wrap: wrap; }
    header { border-bottom: 1px solid var(--line); background: var(--card); }
    footer { color: var(--soft); font-size: 12px; margin-top: auto; }
    footer a { color: var(--soft); }
    h1 { font-size: 17px; margin: 0; letter-spacing: -.01em; }
    h2 { font-size: 13px; margin: 0 0 10px; font-weight: 600; }
    small { color: var(--soft); font-weight: 400; margin-left: 4px; font-size: 12px; }
    .logo { width: 26px; color: var(--accent); }
    .grow { flex: 1; }
    nav { display: flex; gap: 4px; margin-left: 10px; flex-wrap: wrap; }
    button, .button { font: inherit; color: inherit; background: var(--track); border: 0;
      border-radius: 8px; padding: 6px 12px; cursor: pointer; text-decoration: none; }
    button:hover, .button:hover { filter: brightness(1.08); }
    button:focus-visible, .button:focus-visible { outline: 2px solid var(--accent);
      outline-offset: 2px; }
    button[aria-pressed=true], button.primary { background: var(--accent); color: #fff; }
    @media (prefers-color-scheme: dark) { button[aria-pressed=true], button.primary {
      color: #04211d; } }
    button.alarm { background: var(--bad); color: #fff; }
    .chip { border: 1px solid var(--line); border-radius: 999px; padding: 3px 11px;
      color: var(--soft); font-size: 12px; white-space: nowrap; }
    .chip.suspect { background: var(--bad); border-color: var(--bad); color: #fff; }
    .chip:empty { display: none; }
    .dot { display: inline-block; width: 8px; height: 8px; border-radius: 50%;
      background: var(--soft); margin-right: 7px; }
    .online .dot { background: var(--good); } .degraded .dot { background: var(--warn); }
    .offline .dot { background: var(--bad); }
    button[aria-pressed=true] .dot { box-shadow: 0 0 0 2px #fffc; }
    .banner { margin: 12px 20px 0; padding: 9px 14px; border-radius: 10px; color: #fff;
      background: var(--bad); }
    main { display: grid; grid-template-columns: minmax(0, 1fr) 380px; gap: 16px;
      padding: 16px 20px; width: 100%; max-width: 1500px; margin: 0 auto; align-items: start; }
    aside { display: grid; gap: 16px; }
    .card { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
      padding: 14px 16px; }
    .video { padding: 0; overflow: hidden; }
    .frames.two { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; }
    .frame { background: #0b0e12; display: grid; place-items: center; min-height: 240px;
      margin: 0; }
    .frame[hidden] { display: none; }
    .frame figcaption { display: none; color: #e6ebf1; padding: 7px 14px; font-size: 13px;
      width: 100%; } .two figcaption { display: block; }
    .frame img { display: block; width: 100%; max-height: calc(100vh - 190px);
      object-fit: contain; }
    .bar { display: flex; gap: 8px; align-items: center; padding: 10px 14px; flex-wrap: wrap; }
    .bar .state { min-width: 0; }
    .state b { margin-right: 8px; } .state span { color: var(--soft); }
    .tiles { display: grid; grid-template-columns: repeat(3, 1fr); gap: 12px; }
    .tile { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
      padding: 12px 14px; }
    .tile b { display: block; font-size: 24px; font-weight: 650; letter-spacing: -.02em;
      font-variant-numeric: tabular-nums; }
    .tile span { color: var(--soft); font-size: 12px; }
    .gauge { display: grid; grid-template-columns: 112px 1fr 48px; gap: 10px;
      align-items: center; margin-top: 6px; color: var(--soft); }
    .gauge i, .meter { background: var(--track); border-radius: 4px; height: 8px;
      overflow: hidden; display: block; }
    .gauge u, .meter u { display: block; height: 100%; width: 0; border-radius: 4px;
      background: var(--accent); transition: width .3s; }
    .gauge span { white-space: nowrap; }
    .gauge b { text-align: right; color: var(--text); font-variant-numeric: tabular-nums; }
    .gauge.triggered u { background: var(--bad); }
    .progress { background: var(--track); border-radius: 4px; height: 8px; overflow: hidden;
      margin-bottom: 10px; }
    .progress u { display: block; height: 100%; background: var(--accent);
      transition: width .3s; }
    #refresh p { margin: 0 0 8px; overflow-wrap: anywhere; } #refresh .bar { padding: 10px 0 0; }
    #gauges h3 { font-size: 12px; font-weight: 550; margin: 10px 0 0; }
    ol { list-style: none; margin: 0; padding: 0; min-height: 116px; max-height: 204px;
      overflow: auto; }
    ol li { display: grid; grid-template-columns: 12px 84px 1fr 48px; gap: 10px;
      align-items: center; padding: 4px 0; }
    ol li.none { display: block; color: var(--soft); }
    ol li i.key { width: 12px; height: 12px; border-radius: 3px; }
    ol li b { font-weight: 550; overflow: hidden; text-overflow: ellipsis; }
    ol li span { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
    .stages { display: flex; height: 18px; border-radius: 6px; overflow: hidden;
      background: var(--track); gap: 1px; }
    .stages i { min-width: 1px; transition: flex-grow .3s; }
    .legend { display: grid; grid-template-columns: 1fr 1fr; gap: 3px 22px; margin: 10px 0 0;
      font-size: 12px; }
    .legend div, .facts div { display: flex; gap: 7px; align-items: center; }
    .legend i { width: 9px; height: 9px; border-radius: 2px; }
    dt { color: var(--soft); flex: 1; } dd { margin: 0; font-variant-numeric: tabular-nums; }
    .facts { margin: 0; display: grid; gap: 3px; }
    .facts dd { text-align: right; overflow-wrap: anywhere; max-width: 70%; }
    dialog { border: 1px solid var(--line); border-radius: 14px; background: var(--card);
      color: inherit; max-width: 420px; }
    dialog input { width: 100%; padding: 8px; border-radius: 8px; font: inherit;
      border: 1px solid var(--line); background: var(--back); color: inherit; }
    dialog menu { display: flex; justify-content: flex-end; gap: 8px; padding: 0;
      margin: 14px 0 0; }
    code { overflow-wrap: anywhere; }
    @media (max-width: 600px) { .frames.two { grid-template-columns: 1fr; } }
    @media (max-width: 900px) { main { grid-template-columns: 1fr; padding: 12px; }
      header, footer { padding: 10px 14px; } }
    """
}
