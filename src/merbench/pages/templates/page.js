"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;

  // --- theme ---
  const toggle = document.getElementById("theme");
  const dark = () =>
    (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "")) ===
    "dark";
  const show = () => { toggle.textContent = dark() ? "Light theme" : "Dark theme"; };
  toggle.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("merbench-theme", root.dataset.theme); } catch { /* private mode */ }
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  toggle.hidden = false;
  show();

  // --- sorting: numbers by value, text by alphabet, what is missing last either way ---
  const value = (row, index) => {
    const cell = row.cells[index];
    if (cell.dataset.t !== undefined) return cell.dataset.t;
    const text = cell.dataset.v ?? cell.textContent.trim();
    if (text === "" || text === "–") return null;
    return cell.dataset.v !== undefined || !Number.isNaN(Number(text)) ? Number(text) : text;
  };
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  };
  const sort = (table, head, sign) => {
    const body = table.tBodies[0];
    all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    // Tiers end where they do in the order of KL only.
    table.classList.toggle("resorted", head.dataset.way !== "KL" || sign < 0);
    const rows = [...body.rows].map((row) => [value(row, head.cellIndex), row]);
    rows.sort((x, y) => compare(x[0], y[0], sign));
    body.append(...rows.map((pair) => pair[1]));
  };
  all("table.sortable").forEach((table) => {
    all("thead th", table).forEach((head) => {
      head.querySelector("button")?.addEventListener("click", () => {
        sort(table, head, head.getAttribute("aria-sort") === "ascending" ? -1 : 1);
      });
    });
  });

  // --- what a reader ranks by: the column that tells it, also where there is room for little ---
  const rank = (way) => {
    all(".board table.sortable").forEach((table) => {
      const head = table.querySelector(`th[data-way="${way}"]`);
      if (!head) return;
      all(".chosen", table).forEach((cell) => cell.classList.remove("chosen"));
      [table.tHead.rows[0], ...table.tBodies[0].rows].forEach((row) =>
        row.cells[head.cellIndex].classList.add("chosen"));
      sort(table, head, 1);
    });
  };

  // --- filters ---
  const form = document.querySelector("form.filters");
  if (form) {
    const boards = all("section.board").map((section) => ({
      section,
      rows: all("tbody tr", section).map((row) => [row, row.textContent.toLowerCase()]),
    }));
    const output = form.querySelector("output");
    const chosen = all("select[data-filter]", form);
    const total = boards.reduce((sum, board) => sum + board.rows.length, 0);
    const filter = () => {
      const words = form.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = chosen.filter((select) => select.value).map((s) => [s.name, s.value]);
      let shown = 0;
      boards.forEach(({ section, rows }) => {
        let count = 0;
        rows.forEach(([row, text]) => {
          const kept = wanted.every(([name, value]) =>
            (row.dataset[name] ?? section.dataset[name]) === value) &&
            words.every((word) => text.includes(word));
          row.hidden = !kept;
          count += kept;
        });
        section.hidden = count === 0;
        shown += count;
      });
      output.textContent = `${shown} of ${total} rows`;
    };
    form.addEventListener("input", filter);
    form.way?.addEventListener("input", () => rank(form.way.value));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => {
      filter();
      if (form.way) rank(form.way.value);
    }));
    form.hidden = false;
    filter();

    // A link to a row that is filtered out takes the filters back.
    const reveal = (hash) => {
      const row = hash && document.getElementById(decodeURIComponent(hash.slice(1)));
      if (!row || !row.closest(".board tbody [hidden], .board[hidden]")) return;
      form.text.value = "";
      chosen.forEach((select) => { select.value = ""; });
      filter();
      row.scrollIntoView();
    };
    document.addEventListener("click", (event) => {
      const link = event.target.closest('a[href^="#r-"]');
      if (link) reveal(link.hash);
    });
    addEventListener("hashchange", () => reveal(location.hash));
  }

  // --- on a phone a table shows rank, system and score; a button shows the rest ---
  all("section.board").forEach((section) => {
    const button = section.querySelector(".all-columns");
    button.hidden = false;
    button.addEventListener("click", () => {
      const whole = section.classList.toggle("whole");
      button.setAttribute("aria-pressed", String(whole));
    });
  });

  // --- a link to a system opens it; printing opens all ---
  const open = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target && target.closest("details");
    if (details) { details.open = true; details.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));

  // --- players: one for a clip, whose stems change places at the same moment of the music ---
  all(".player").forEach((player) => {
    const audio = player.querySelector("audio");
    const buttons = all("button", player);
    buttons.forEach((button) => button.addEventListener("click", () => {
      const { currentTime, paused } = audio;
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      audio.src = button.dataset.src;
      audio.addEventListener("loadedmetadata", () => {
        audio.currentTime = Math.min(currentTime, audio.duration || 0);
        if (!paused) audio.play();
      }, { once: true });
      audio.load();
    }));
    audio.addEventListener("play", () => {
      all("audio").forEach((other) => { if (other !== audio) other.pause(); });
    });
  });

  root.dataset.ready = "";
  performance.mark("ready");
})();
