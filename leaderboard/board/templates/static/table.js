/* Sorts a table by any column. Without it the table is whole, in the order it was made in. */
"use strict";
(function () {
  function value(row, column, words) {
    var text = row.cells[column].dataset.sort;
    if (text === undefined || text === "") { return null; }
    return words ? text : Number(text);
  }

  function sort(table, heads, column, down) {
    var words = heads[column].dataset.kind === "text", body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows).map(function (row, i) { return [value(row, column, words), i, row]; });
    rows.sort(function (a, b) {
      if (a[0] === null || b[0] === null) { return (a[0] === null) - (b[0] === null) || a[1] - b[1]; }
      var order = words ? a[0].localeCompare(b[0], "en") : a[0] - b[0];
      return (down ? -order : order) || a[1] - b[1];
    });
    rows.forEach(function (one) { body.appendChild(one[2]); });
    heads.forEach(function (head, i) {
      if (i === column) { head.setAttribute("aria-sort", down ? "descending" : "ascending"); } else { head.removeAttribute("aria-sort"); }
    });
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    var heads = Array.prototype.slice.call(table.tHead.rows[table.tHead.rows.length - 1].cells);
    heads.forEach(function (head, column) {
      if (head.dataset.kind === "none") { return; }
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var now = head.getAttribute("aria-sort");
        sort(table, heads, column, now ? now === "ascending" : head.dataset.kind !== "text");
      });
    });
    table.addEventListener("changed", function () { /* its figures are others now: the order must be theirs */
      heads.forEach(function (head, column) {
        var now = head.getAttribute("aria-sort");
        if (now) { sort(table, heads, column, now === "descending"); }
      });
    });
  });
})();
