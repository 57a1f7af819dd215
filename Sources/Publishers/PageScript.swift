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
      publish: "#a855f7" };
    let camera = null, hasOverlay = true, state = null, events = null, lastEvent = 0, token = "";

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
      get("picture").src = "/stream?" + query + (hasOverlay ? "" : "&overlay=0");
      get("snapshot").href = "/snapshot?" + query + (hasOverlay ? "" : "&overlay=0");
    }

    // A stream that broke off is opened again.
    get("picture").addEventListener("error", () => setTimeout(() => camera && watch(), 1500));

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
      showAccuracy(report.accuracy);
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

    function showAccuracy(accuracy) {
      get("accuracy").hidden = !accuracy;
      if (!accuracy) return;
      for (const kind of ["clean", "triggered"]) {
        const value = accuracy[kind];
        get(kind).style.width = value ? value.average_precision * 100 + "%" : "0";
        get(kind + "Text").textContent = value ? number(value.average_precision * 100, 1) : "–";
        get(kind + "Text").title = value ? "over " + value.frames + " frames" : "none seen yet";
      }
    }

    function show(next) {
      state = next;
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
      if (entry) showCamera(entry);
    }

    function showCamera(entry) {
      const facts = entry.snapshot;
      get("state").className = "state " + facts.status.state;
      get("state").querySelector("b").textContent = facts.status.state;
      get("state").querySelector("span").textContent = facts.status.reason;
      get("fps").textContent = number(facts.detection_fps, 1);
      get("trigger").hidden = facts.trigger === undefined || facts.trigger === null;
      get("trigger").textContent = facts.trigger ? "Hide trigger" : "Show trigger";
      get("trigger").className = facts.trigger ? "alarm" : "";
      if (Date.now() - lastEvent > 3000) {
        get("latency").textContent = "–";
        get("count").textContent = "";
        get("detections").replaceChildren(nothing());
        showAccuracy(entry.accuracy);
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

    get("trigger").onclick = async () => {
      const entry = state.cameras.find(item => item.snapshot.name === camera);
      const body = JSON.stringify({ on: !entry.snapshot.trigger });
      const path = "/v1/cameras/" + encodeURIComponent(camera) + "/trigger";
      for (let attempt = 0; attempt < 2; attempt++) {
        const answer = await fetch(path, { method: "POST", body, headers: {
          "Content-Type": "application/json", "Authorization": "Bearer " + token } });
        if (answer.status !== 401) break;
        token = await ask();
        if (!token) break;
      }
    };

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
