import Hummingbird
import NIOCore

/// The page at `/`: one answer with everything in it, so that it works without the internet.
enum Page {
  static func response() -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache",
        .contentSecurityPolicy:
          "default-src 'none'; img-src 'self' data:; connect-src 'self'; "
          + "style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'; "
          + "base-uri 'none'; form-action 'none'",
      ], body: .init(byteBuffer: ByteBuffer(string: html)))
  }

  static let html = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>CleanSight</title>
    <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' \
    viewBox='0 0 32 32'%3E%3Cpath d='M2 16q14-18 28 0q-14 18-28 0z' fill='none' \
    stroke='%2314b8a6' stroke-width='3'/%3E%3Ccircle cx='16' cy='16' r='5' \
    fill='%2314b8a6'/%3E%3C/svg%3E">
    <style>
    \(style)
    </style>
    </head>
    <body>
    <header>
      <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
        <path d="M2 16q14-18 28 0q-14 18-28 0z" fill="none" stroke="currentColor"
          stroke-width="2.5"/><circle cx="16" cy="16" r="5" fill="currentColor"/></svg>
      <h1>CleanSight</h1>
      <nav id="cameras" aria-label="Cameras"></nav>
      <span class="grow"></span>
      <span class="chip" id="model" title="The detector"></span>
      <span class="chip" id="link"><i class="dot"></i><span>connecting</span></span>
    </header>
    <p class="banner" id="banner" role="alert" hidden></p>
    <main>
      <section class="card video">
        <div class="frames" id="frames">
          <figure class="frame"><img id="picture" alt="Live picture with detections">
            <figcaption id="name"></figcaption></figure>
          <figure class="frame" id="beside" hidden>
            <img id="pictureBeside" alt="The same picture with another model's detections">
            <figcaption id="nameBeside"></figcaption></figure>
        </div>
        <div class="bar">
          <span class="state" id="state"><i class="dot"></i><b></b><span></span></span>
          <span class="grow"></span>
          <span class="chip" id="guard"></span>
          <button id="trigger" hidden>Show trigger</button>
          <button id="overlay" aria-pressed="true">Boxes</button>
          <a class="button" id="snapshot" href="/snapshot" target="_blank">Snapshot</a>
        </div>
      </section>
      <aside>
        <section class="tiles">
          <div class="tile"><b id="fps">–</b><span>detections / s</span></div>
          <div class="tile"><b id="latency">–</b><span>latency, ms</span></div>
          <div class="tile"><b id="inference">–</b><span>inference, ms</span></div>
        </section>
        <section class="card" id="accuracy" hidden>
          <h2>Live accuracy <small>average precision at IoU 0.5</small></h2>
          <div id="gauges"></div>
        </section>
        <section class="card">
          <h2>Detections <small id="count"></small></h2>
          <ol id="detections"></ol>
        </section>
        <section class="card">
          <h2>Where the time goes <small id="total"></small></h2>
          <div id="stages" class="stages"></div>
          <dl id="legend" class="legend"></dl>
        </section>
        <section class="card" id="refresh" hidden>
          <h2>Purification on this device <small id="refreshWhen"></small></h2>
          <p id="refreshText"></p>
          <div class="progress" id="refreshBar" hidden><u></u></div>
          <dl id="refreshFacts" class="facts"></dl>
          <div class="bar"><span class="grow"></span>
            <button id="purify">Purify now</button></div>
        </section>
        <section class="card">
          <h2>Camera</h2>
          <dl id="facts" class="facts"></dl>
        </section>
      </aside>
    </main>
    <footer>
      <span id="status"></span><span class="grow"></span>
      <a href="/state">state</a><a href="/metrics">metrics</a>
      <a href="/v1/detections">detections</a><a href="/stream">stream</a>
    </footer>
    <dialog id="tokenDialog"><form method="dialog">
      <h2>Token</h2>
      <p>Whoever changes something needs the token. It stands in
        <code id="tokenFile"></code> on the device.</p>
      <input id="token" type="password" autocomplete="off" aria-label="Token">
      <menu><button value="cancel">Cancel</button>
        <button value="ok" class="primary">Continue</button></menu>
    </form></dialog>
    <script>
    \(script)
    </script>
    </body>
    </html>
    """
}
