// Hover texts and tables that sort. Without it the page shows everything, with the browser's own hover texts.
(function () {
  "use strict";
  var tip = document.getElementById("tip");
  document.querySelectorAll("svg title").forEach(function (title) {
    var owner = title.parentNode;
    owner.setAttribute("data-tip", title.textContent);
    owner.removeChild(title);
  });
  function show(event) {
    var owner = event.target.closest ? event.target.closest("[data-tip]") : null;
    if (!owner) { tip.hidden = true; return; }
    tip.textContent = owner.getAttribute("data-tip");
    tip.hidden = false;
    var width = tip.offsetWidth, height = tip.offsetHeight, edge = document.documentElement.clientWidth - 8;
    var x = Math.max(8, Math.min(event.clientX - width / 2, edge - width));
    var y = event.clientY - height - 14;
    tip.style.left = x + "px";
    tip.style.top = (y < 4 ? event.clientY + 18 : y) + "px";
  }
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
  document.addEventListener("scroll", function () { tip.hidden = true; }, { passive: true });

  var sizes = { bn: 1e9, mn: 1e6, "亿": 1e8, "万": 1e4 };
  function value(cell) {
    var given = cell.getAttribute("data-sort");
    var text = given === null ? cell.textContent.trim().replace(/^[≥>\s]*(CNY\s*)?/, "") : given;
    var found = /^([+\-−]?[\d,]*\.?\d+(?:e[+-]?\d+)?)\s*(bn|mn|亿|万)?/.exec(text);
    if (!found) { return text === "" || text === "–" || text === "·" ? null : text.toLowerCase(); }
    return parseFloat(found[1].replace(/,/g, "").replace("−", "-")) * (sizes[found[2]] || 1);
  }
  function compare(a, b) {
    if (a === null || b === null) { return (a === null) - (b === null); }
    if (typeof a === "number" && typeof b === "number") { return a - b; }
    if (typeof a === typeof b) { return a.localeCompare(b); }
    return typeof a === "number" ? -1 : 1;
  }
  function sort(table, column, down) {
    var rows = [];
    table.querySelectorAll("tbody > tr").forEach(function (row) {
      if (!row.classList.contains("section")) { rows.push([value(row.cells[column]), row]); }
      else { row.hidden = true; }
    });
    rows.sort(function (a, b) {
      if (a[0] === null || b[0] === null) { return compare(a[0], b[0]); }
      return down ? compare(b[0], a[0]) : compare(a[0], b[0]);
    });
    rows.forEach(function (pair) { table.tBodies[0].appendChild(pair[1]); });
  }
  document.querySelectorAll("table.sort").forEach(function (table) {
    if (!table.tHead) { return; }
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
      function turn() {
        var down = head.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        sort(table, column, down);
      }
      head.tabIndex = 0;
      head.addEventListener("click", turn);
      head.addEventListener("keydown", function (event) {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); turn(); }
      });
    });
  });

  function reveal() {
    var aim = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    for (var at = aim; at; at = at.parentElement) { if (at.tagName === "DETAILS") { at.open = true; } }
    if (aim) { aim.scrollIntoView(); }
  }
  window.addEventListener("hashchange", reveal);
  reveal();
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not(.noprint):not(.moved)").forEach(function (part) { part.open = true; });
  });
})();
