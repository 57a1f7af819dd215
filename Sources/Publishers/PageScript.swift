extension Page {
  /// Everything that comes from the server is put in as text, never as HTML.
  static let script = #"""
    "use strict";
    const get = id => document.getElementById(id);
    const make = (tag, text, name) => {
      const element = document.createElement(tag);
      if (text !== undefined) element.textContent = text;
      if (name) element.className = name;
      return element;
    };
    // The colours of the boxes in the picture.
    const palette = ["#00c853", "#ffc107", "#039be5", "#f44336", "#ab47bc", "#00e5ff", "#ff7043",
      "#aeea00", "#f06292", "#5c6bc0", "#a1887f", "#ffffff"];
    const stageColours = { capture: "#94a3b8", decode: "#38bdf8", wait: "#cbd5e1",
      preprocess: "#818cf8", trunk: "#0d9488", fpn: "#10b981", rpn: "#84cc16",
      proposals: "#eab308", roi_align: "#f59e0b", box_head: "#f97316", postprocess: "#ef4444",
      compare: "#64748b",
      publish: "#a855f7" };
    let camera = null, hasOverlay = true, state = null, events = null, lastEvent = 0, token = "",
      besides = false;

    const number = (value, digits) => value === undefined || value === null
      ? "–" : value.toFixed(digits);

    function choose(name) {
      camera = name;
      history.replaceState(null, "", "#" + encodeURIComponent(name));
      watch();
      listen();
      if (state) show(state);
    }

    function watch() {
      const query = "camera=" + encodeURIComponent(camera);
      const rest = hasOverlay ? "" : "&overlay=0";
      get("picture").src = "/stream?" + query + rest;
      if (besides) get("pictureBeside").src = "/stream?" + query + "&model=beside" + rest;
      get("snapshot").href = "/snapshot?" + query + (hasOverlay ? "" : "&overlay=0");
    }

    // A stream that broke off is opened again.
    for (const id of ["picture", "pictureBeside"])
      get(id).addEventListener("error", () => setTimeout(() => camera && watch(), 1500));

    function listen() {
      if (events) events.close();
      events = new EventSource("/v1/detections/stream?camera=" + encodeURIComponent(camera));
      events.addEventListener("detections", event => {
        lastEvent = Date.now();
        showDetections(JSON.parse(event.data));
      });
    }

    function showDetections(report) {
      get("latency").textContent = number(report.latency_ms, 0);
      get("count").textContent = report.detections.length ? report.detections.length : "";
      const rows = report.detections.slice(0, 20).map(item => {
        const row = make("li");
        const key = make("i", "", "key");
        key.style.background = palette[item.class_index % palette.length];
        const meter = make("i", "", "meter"), level = make("u");
        level.style.width = item.score * 100 + "%";
        level.style.background = key.style.background;
        meter.append(level);
        row.append(key, make("b", item.label), meter,
          make("span", Math.round(item.score * 100) + " %"));
        return row;
      });
      get("detections").replaceChildren(...(rows.length ? rows : [nothing()]));
      showStages(report.stages);
      showAccuracy(report);
    }

    function nothing() { return make("li", "nothing in view", "none"); }

    // Smoothed: single frames would make the bar tremble.
    let smooth = {};
    function showStages(stages) {
      const next = {};
      for (const item of stages) {
        const before = smooth[item.stage];
        next[item.stage] = before === undefined ? item.ms : before + 0.15 * (item.ms - before);
      }
      smooth = next;
      const names = Object.keys(smooth);
      const total = names.reduce((sum, name) => sum + smooth[name], 0);
      get("total").textContent = number(total, 1) + " ms in all";
      get("stages").replaceChildren(...names.map(name => {
        const part = make("i");
        part.style.flexGrow = smooth[name];
        part.style.background = stageColours[name] || "#64748b";
        part.title = name + " " + number(smooth[name], 1) + " ms";
        return part;
      }));
      get("legend").replaceChildren(...names.map(name => {
        const row = make("div"), key = make("i");
        key.style.background = stageColours[name] || "#64748b";
        row.append(key, make("dt", name.replaceAll("_", " ")),
          make("dd", number(smooth[name], 1)));
        return row;
      }));
    }

    function gauge(name, kind, value) {
      const row = make("div", undefined, "gauge " + kind), track = make("i"), level = make("u");
      level.style.width = value ? value.average_precision * 100 + "%" : "0";
      track.append(level);
      const text = make("b", value ? number(value.average_precision * 100, 1) : "–");
      text.title = value ? "over " + value.frames + " frames" : "none seen yet";
      row.append(make("span", name), track, text);
      return row;
    }

    function showAccuracy(report) {
      get("accuracy").hidden = !report.accuracy;
      if (!report.accuracy) return;
      const parts = [];
      const add = (title, accuracy) => {
        if (title) parts.push(make("h3", title));
        parts.push(gauge("without trigger", "clean", accuracy && accuracy.clean),
          gauge("with trigger", "triggered", accuracy && accuracy.triggered));
      };
      add(report.beside && report.model, report.accuracy);
      if (report.beside) add(report.beside.model, report.beside.accuracy);
      get("gauges").replaceChildren(...parts);
    }

    // A second model beside the first one, on the same frames.
    function showBeside() {
      const has = !!state.compare;
      if (has === besides) return;
      besides = has;
      get("beside").hidden = !has;
      get("frames").className = has ? "frames two" : "frames";
      get("name").textContent = has ? state.model.name : "";
      get("nameBeside").textContent = has ? state.compare.name : "";
      if (camera) watch();
    }

    function show(next) {
      state = next;
      if (state.model) showBeside();
      const list = state.cameras.map(item => item.snapshot);
      if (!list.some(item => item.name === camera)) {
        const wanted = decodeURIComponent(location.hash.slice(1));
        const found = list.find(item => item.name === wanted) || list[0];
        if (found) return choose(found.name);
      }
      get("cameras").replaceChildren(...(list.length < 2 ? [] : list.map(item => {
        const button = make("button", undefined, item.status.state);
        button.append(make("i", "", "dot"), item.name);
        button.setAttribute("aria-pressed", item.name === camera);
        button.onclick = () => choose(item.name);
        return button;
      })));
      const entry = state.cameras.find(item => item.snapshot.name === camera);
      get("model").textContent = state.model
        ? state.model.name + " · " + state.model.engine : "";
      get("inference").textContent = number(state.inference_ms, 0);
      get("status").textContent = "CleanSight " + state.version + " · " + state.status;
      const problem = state.inference_error
        ? "The inference fails: " + state.inference_error
        : state.reload && state.reload.error
          ? "The last reload failed, the old state goes on: " + state.reload.error : "";
      get("banner").hidden = !problem;
      get("banner").textContent = problem;
      showRefresh(state.refresh);
      if (entry) showCamera(entry);
    }

    function showCamera(entry) {
      const facts = entry.snapshot;
      get("state").className = "state " + facts.status.state;
      get("state").querySelector("b").textContent = facts.status.state;
      get("state").querySelector("span").textContent = facts.status.reason;
      get("fps").textContent = number(facts.detection_fps, 1);
      const guard = entry.guard;
      get("guard").textContent = guard ? guard.state === "clean" ? "no trigger seen"
        : guard.state === "suspect" ? "trigger suspected" : "guard is learning" : "";
      get("guard").className = "chip" + (guard && guard.state === "suspect" ? " suspect" : "");
      get("guard").title = guard ? guard.reason + " (" + number(guard.score, 1) + ")" : "";
      get("trigger").hidden = facts.trigger === undefined || facts.trigger === null;
      get("trigger").textContent = facts.trigger ? "Hide trigger" : "Show trigger";
      get("trigger").className = facts.trigger ? "alarm" : "";
      if (Date.now() - lastEvent > 3000) {
        get("latency").textContent = "–";
        get("count").textContent = "";
        get("detections").replaceChildren(nothing());
        showAccuracy(entry);
      }
      const refused = Object.entries(facts.refused);
      const rows = [["name", facts.name], ["address", facts.address],
        ["delivered", number(facts.camera_fps, 1) + " / s"],
        ["overtaken by a newer one", number(facts.skipped_fps, 1) + " / s"],
        ["refused", refused.length
          ? refused.map(([reason, count]) => reason + " " + count).join(", ") : "none"],
        ["opened again", facts.reopened + " ×"],
        ["memory", number(state.resident_mib, 0) + " MiB"],
        ["clients", state.clients]];
      get("facts").replaceChildren(...rows.map(([name, value]) => {
        const row = make("div");
        row.append(make("dt", name), make("dd", value));
        return row;
      }));
    }

    function link(word, name) {
      get("link").className = "chip " + name;
      get("link").querySelector("span").textContent = word;
    }

    async function poll() {
      try {
        const answer = await fetch("/state", { cache: "no-store" });
        show(await answer.json());
        link(state.ready ? "live" : "not ready", state.ready ? "online" : "degraded");
      } catch (error) {
        link("no connection", "offline");
      }
      setTimeout(poll, 1000);
    }

    get("overlay").onclick = () => {
      hasOverlay = !hasOverlay;
      get("overlay").setAttribute("aria-pressed", hasOverlay);
      watch();
    };

    // Whoever changes something is asked for the token once.
    async function change(method, path, body) {
      for (let attempt = 0; attempt < 2; attempt++) {
        const answer = await fetch(path, { method, body, headers: {
          "Content-Type": "application/json", "Authorization": "Bearer " + token } });
        if (answer.status !== 401) return answer;
        token = await ask();
        if (!token) return answer;
      }
    }

    get("trigger").onclick = () => {
      const entry = state.cameras.find(item => item.snapshot.name === camera);
      change("POST", "/v1/cameras/" + encodeURIComponent(camera) + "/trigger",
        JSON.stringify({ on: !entry.snapshot.trigger }));
    };

    const isAtWork = refresh => refresh.is_requested || refresh.last
      && ["sifting", "purifying", "judging", "installing"].includes(refresh.last.phase);

    get("purify").onclick = async () => {
      const answer = await change(isAtWork(state.refresh) ? "DELETE" : "POST", "/v1/refresh");
      if (answer && answer.status === 409)
        get("refreshText").textContent = (await answer.json()).error;
    };

    function showRefresh(refresh) {
      get("refresh").hidden = !refresh;
      if (!refresh) return;
      const last = refresh.last, busy = isAtWork(refresh);
      get("refreshWhen").textContent = last && !busy ? last.updated : "";
      get("refreshText").textContent = refresh.is_requested ? "asked for, waiting until it begins"
        : last ? last.phase + (last.message ? ": " + last.message : "") : "none yet";
      get("refreshBar").hidden = !busy;
      get("refreshBar").firstElementChild.style.width = last ? last.progress * 100 + "%" : "0";
      get("purify").textContent = busy ? "Stop" : "Purify now";
      const rows = [];
      if (refresh.version) rows.push(["model", refresh.version.origin + " "
        + refresh.version.id.slice(0, 12) + (refresh.version.is_on_probation
          ? ", on probation" : "")]);
      if (refresh.frames) rows.push(["captured frames", refresh.frames.count + ", "
        + number(refresh.frames.bytes / 1048576, 1) + " MiB"]);
      if (last && last.frames !== undefined) rows.push(["used, left out as suspect",
        last.frames + ", " + last.suspect_frames]);
      get("refreshFacts").replaceChildren(...rows.map(([name, value]) => {
        const row = make("div");
        row.append(make("dt", name), make("dd", value));
        return row;
      }));
    }

    function ask() {
      get("tokenFile").textContent = state.token_file || "no file: none is configured";
      get("token").value = "";
      get("tokenDialog").showModal();
      return new Promise(done => {
        get("tokenDialog").onclose = () => done(
          get("tokenDialog").returnValue === "ok" ? get("token").value.trim() : "");
      });
    }

    poll();
    """#
}
