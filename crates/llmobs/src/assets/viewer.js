// Pages work without this file, except keys, live updates and copying: links and forms are the server's.
// Fragments come escaped from the server; they are parsed as documents, where scripts do not run, and moved from there.
(() => {
  "use strict";
  const root = document.documentElement, $ = (s, from = document) => from.querySelector(s), $$ = (s, from = document) => [...from.querySelectorAll(s)];
  const page = document.body.dataset.page;
  const rows = () => $$("tbody tr[tabindex]").filter((row) => !row.hidden);
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");
  const help = $("#help");

  // Rows
  const at = () => rows().findIndex((row) => row.tabIndex === 0);
  function select(row, focus = true) {
    if (!row) return;
    for (const other of $$("tbody tr[tabindex]")) {
      other.tabIndex = -1;
      other.classList.remove("on");
      if (other.hasAttribute("aria-selected")) other.setAttribute("aria-selected", "false");
    }
    row.tabIndex = 0;
    row.classList.add("on");
    if (row.hasAttribute("aria-selected")) row.setAttribute("aria-selected", "true");
    if (focus) row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    if (row.dataset.span !== undefined) show(row.dataset.span);
  }
  const move = (by) => { const all = rows(); select(all[Math.max(0, Math.min(all.length - 1, at() + by))]); };
  const nextError = (by) => {
    const all = rows(), n = all.length, here = at();
    for (let i = 1; i <= n; i++) { const row = all[(here + by * i + n * i) % n]; if (row.hasAttribute("data-err")) return select(row); }
  };

  // The detail of a span
  let wanted = "";
  async function show(span) {
    const trace = $(".trace").dataset.trace, detail = $("#detail");
    wanted = span;
    const tab = $("[data-tab][aria-current]", detail)?.dataset.tab || "content";
    const url = new URL(location.href);
    url.searchParams.set("span", span);
    history.replaceState(null, "", url);
    const late = setTimeout(() => { detail.setAttribute("aria-busy", "true"); }, 300);
    try {
      const answer = await fetch(`/traces/${encodeURIComponent(trace)}/spans/${encodeURIComponent(span)}?tab=${tab}`);
      if (wanted !== span) return;
      if (!answer.ok) throw new Error(answer.status);
      detail.replaceChildren(...parse(await answer.text()).body.childNodes);
      detail.scrollTop = 0;
    } catch (error) {
      if (wanted === span) detail.textContent = "The span could not be loaded (" + error.message + "). Select it again to retry.";
    } finally {
      clearTimeout(late);
      detail.removeAttribute("aria-busy");
    }
  }
  function tab(name) {
    const detail = $(".detail"), part = detail && $(`[data-part="${CSS.escape(name)}"]`, detail);
    if (!part) return;
    for (const other of $$("[data-part]", detail)) other.hidden = other !== part;
    for (const link of $$("[data-tab]", detail)) { if (link.dataset.tab === name) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current"); }
    const url = new URL(location.href);
    url.searchParams.set("tab", name);
    history.replaceState(null, "", url);
  }

  // The tree: what is below a closed row, and what does not match, is hidden
  const level = (row) => Number(row.getAttribute("aria-level"));
  function layout() {
    const all = $$("tr[data-span]"), text = ($("#q")?.value || "").toLowerCase();
    const keep = all.map((row) => !text || row.textContent.toLowerCase().includes(text));
    if (text) for (let i = all.length - 1; i >= 0; i--) if (keep[i]) for (let j = i - 1, l = level(all[i]); j >= 0 && l > 1; j--) if (level(all[j]) < l) { keep[j] = true; l = level(all[j]); }
    let closed = Infinity;
    all.forEach((row, i) => {
      if (level(row) <= closed) closed = Infinity;
      row.hidden = !keep[i] || (!text && level(row) > closed);
      if (closed === Infinity && row.getAttribute("aria-expanded") === "false") closed = level(row);
    });
    for (const row of $$(".orph")) row.hidden = row.nextElementSibling?.hidden ?? false;
  }
  function fold(row, open) {
    if (row?.hasAttribute("aria-expanded")) { row.setAttribute("aria-expanded", String(open)); layout(); }
  }
  function foldAll() {
    const all = $$("tr[aria-expanded]"), open = all.some((row) => level(row) > 1 && row.getAttribute("aria-expanded") === "true");
    for (const row of all) if (level(row) > 1) row.setAttribute("aria-expanded", String(!open));
    layout();
  }

  // Live
  function live() {
    const mark = $("[data-live]"), list = $("#rows"), trace = $(".trace");
    let url;
    if (list) url = `/events?since=${list.dataset.newest}&${list.dataset.query}`;
    else if (trace) url = `/events?trace=${encodeURIComponent(trace.dataset.trace)}`;
    else if (page === "start") url = "/events?since=0";
    if (!url || !mark) return;
    const source = new EventSource(url);
    let before = null;
    source.addEventListener("open", () => { mark.textContent = "live"; mark.classList.remove("off"); });
    source.addEventListener("error", () => { mark.textContent = "not live, trying again"; mark.classList.add("off"); });
    source.addEventListener("news", (event) => {
      const count = Number(event.data);
      if (list && count > 0) {
        const head = $("[data-new]");
        if (head) {
          const link = document.createElement("a");
          link.className = "new"; link.href = location.href; link.dataset.do = "new"; link.title = "Show them (.)";
          link.textContent = (count >= 1000 ? "1000+" : count) + " new ↑";
          head.replaceChildren(link);
        }
      }
      if (trace && before !== null && count !== before) refresh();
      if (page === "start" && before !== null && count !== before) location.href = location.pathname === "/start" ? "/start" : "/traces";
      before = count;
    });
  }
  // A trace that grows: the tree is exchanged, the selection and the place stay
  async function refresh() {
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const fresh = parse(await answer.text()), left = $("#left"), place = left.scrollTop;
    const chosen = $("tr[data-span].on")?.dataset.span;
    for (const part of [".wf", ".why", ".defs"]) { const now = $(part, fresh); if (now) $(part)?.replaceWith(now); }
    const facts = $(".facts", fresh);
    if (facts) $(".facts").replaceWith(facts);
    const row = chosen && $(`tr[data-span="${CSS.escape(chosen)}"]`);
    if (row) { row.classList.add("on"); row.tabIndex = 0; }
    left.scrollTop = place;
    layout();
  }
  const seen = () => { if ($(".new")) location.reload(); };

  const theme = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `llmobs_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
  };
  const open = (row) => { if (row?.dataset.href) location.href = row.dataset.href; else $(".tabs a")?.focus(); };

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const target = event.target.closest("[data-do],[data-go],[data-tab],tbody tr[tabindex]");
    if (!target) return;
    if (target.dataset.go !== undefined) {
      const row = $(`tr[data-span="${CSS.escape(target.dataset.go)}"]`);
      if (row) { event.preventDefault(); select(row); }
      return;
    }
    if (target.dataset.tab !== undefined) { event.preventDefault(); return tab(target.dataset.tab); }
    if (target.matches("tr")) {
      if (page === "trace") { event.preventDefault(); select(target, false); }
      else if (!event.target.closest("a")) { select(target, false); open(target); }
      return;
    }
    const act = target.dataset.do;
    if (act === "theme") theme();
    if (act === "help") help.showModal();
    if (act === "errors") nextError(1);
    if (act === "collapse") foldAll();
    if (act === "new") { event.preventDefault(); seen(); }
    if (act === "copy") navigator.clipboard?.writeText($("pre", target.parentElement).textContent).then(() => { target.textContent = "Copied"; setTimeout(() => { target.textContent = "Copy"; }, 1500); });
  });
  document.addEventListener("input", (event) => { if (event.target.id === "q" && page === "trace") layout(); });
  document.addEventListener("change", (event) => { if (event.target.matches("[data-submit]")) event.target.form.submit(); });
  document.addEventListener("submit", (event) => { const ask = event.target.dataset.confirm; if (ask && !confirm(ask)) event.preventDefault(); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "Escape") {
      if (typing) event.target.blur();
      else if (!help.open && $("#back")) location.href = $("#back").href;
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (page === "trace" && /^[1-5]$/.test(event.key)) { const link = $$("[data-tab]")[event.key - 1]; if (link) tab(link.dataset.tab); return; }
    const row = rows()[at()];
    const todo = {
      j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
      h: () => fold(row, false), l: () => fold(row, true),
      e: () => nextError(1), E: () => nextError(-1), "?": () => help.showModal(), "/": () => $("#q")?.focus(),
      "[": () => $("#previous")?.click(), "]": () => $("#next")?.click(),
      c: () => navigator.clipboard?.writeText(location.href),
      ".": seen, Enter: () => event.target.matches("tr, body") && open(row),
    }[event.key];
    if (todo && !(event.key.startsWith("Arrow") && !event.target.matches("tr")) && !(event.key === "Enter" && !event.target.matches("tr, body"))) { event.preventDefault(); todo(); }
  });
  live();
})();
