/* The ranking's choices: the task, which rows are seen, which are alone in the charts, and to which variant the
   differences are. Every difference was computed when the board was made; here the chosen ones are only put in place.
   The choices stand in the page's address. */
"use strict";
(function () {
  var form = document.getElementById("controls"), table = document.getElementById("ranking-table");
  if (!form || !table) { return; }
  var p = proctor, root = document.body.dataset.root, count = document.getElementById("count"), to = document.getElementById("to");
  var rows = Array.prototype.slice.call(table.tBodies[0].rows), turn = 0, told = to.textContent, now = "";
  var facets = Array.prototype.slice.call(form.elements).filter(function (one) {
    return one.tagName === "SELECT" && one.name !== "baseline";
  }).map(function (one) { return one.name; });
  var main = document.getElementById("main"), tasks = all(main, "input[name=task]"), ticks = all(main, "input[name=only]");
  var cells = rows.map(function (row) { return all(row, "td.difference:not(.unrun)"); });
  var made = cells.map(function (list) {
    return list.map(function (cell) { return { sort: cell.dataset.sort, none: cell.classList.contains("none"), inside: Array.prototype.slice.call(cell.childNodes) }; });
  });

  function all(inside, selector) { return Array.prototype.slice.call(inside.querySelectorAll(selector)); }

  function values(inputs) {
    return inputs.filter(function (one) { return one.checked; }).map(function (one) { return one.value; });
  }

  function chosen() {
    var found = { task: tasks.length && !tasks[0].checked ? values(tasks)[0] : "", find: form.elements.find.value, only: values(ticks).join(",") };
    facets.concat(form.elements.baseline ? ["baseline"] : []).forEach(function (name) { found[name] = form.elements[name].value; });
    return found;
  }

  /* One task at a time: its answer, its picture, its columns, and the order by its score. */
  function see() {
    var task = values(tasks)[0] || "all";
    main.classList.toggle("one-task", task !== "all");
    all(main, ".pictures").forEach(function (one) { one.hidden = tasks.length > 0 && task === "all"; });
    all(main, "[data-task]").forEach(function (one) { one.hidden = task !== "all" && one.dataset.task !== task; });
    table.tHead.rows[0].hidden = tasks.length > 0 && task !== "all";
    var head = table.tHead.querySelector('tr:last-child th[data-task="' + task + '"]');
    if (head && !head.hasAttribute("aria-sort")) { head.querySelector("button").click(); }
    proctor.alone();
  }

  function filter() {
    var words = form.elements.find.value.toLowerCase().split(/\s+/).filter(Boolean), seen = 0;
    rows.forEach(function (row) {
      var text = row.dataset.find.toLowerCase();
      row.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; }) ||
        !facets.every(function (name) { return !form.elements[name].value || row.dataset[name] === form.elements[name].value; });
      seen += row.hidden ? 0 : 1;
    });
    count.textContent = (seen === rows.length ? "" : seen + " of ") + rows.length + (rows.length === 1 ? " variant" : " variants");
  }

  function fill(cell, sort, none, inside) {
    cell.textContent = "";
    cell.dataset.sort = sort;
    cell.classList.toggle("none", none);
    inside.forEach(function (one) { cell.appendChild(one); });
  }

  function flips(task, a, b) {
    var link = p.element("a", "changed answers");
    link.href = root + "flips.html#task=" + encodeURIComponent(task) + "&a=" + encodeURIComponent(a) + "&b=" + encodeURIComponent(b);
    link.appendChild(p.element("span", " of " + task + " between " + a + " and " + b, "sr"));
    return link;
  }

  function meaning(one) {
    var verdict = p.element("a", one[3], "term verdict " + one[4]);
    verdict.href = "#word-" + one[4];
    return verdict;
  }

  function difference(one, task, variant, baseline) {
    var against = p.element("span", "to " + baseline + ", " + one[5] + (one[6] ? ", " + one[6] : "") + ", ", "against");
    against.appendChild(flips(task, variant, baseline));
    return [p.element("span", one[1], "num"), document.createTextNode(" "), meaning(one),
      p.element("span", one[2], "interval num"), document.createTextNode(" "), against];
  }

  function show(baseline, found) {
    rows.forEach(function (row, i) {
      cells[i].forEach(function (cell, j) {
        var before = made[i][j], task = cell.dataset.task, variant = row.dataset.variant;
        if (!baseline) { fill(cell, before.sort, before.none, before.inside); return; }
        var one = (found[task] || {})[variant], why = ((found[""] || {})[task] || {})[variant];
        if (one) { fill(cell, String(one[0]), false, difference(one, task, variant, baseline)); return; }
        fill(cell, "", true, [p.element("span", variant === baseline ? "baseline" :
          !found[task] ? baseline + " has no results here" : why ? "cannot be compared: " + why : "nothing to compare", "quiet")]);
      });
    });
    now = baseline;
    to.textContent = baseline || told;
    table.dispatchEvent(new Event("changed"));
  }

  function compare() {
    var baseline = form.elements.baseline ? form.elements.baseline.value : "", mine = ++turn;
    if (baseline === now) { return; }
    if (!baseline) { show("", {}); return; }
    p.load("_against/" + baseline).then(function (found) { if (mine === turn) { show(baseline, found); } })
      .catch(function (why) { count.textContent = String(why.message || why); });
  }

  function choose() {
    var wanted = p.choices();
    tasks.forEach(function (one, i) { one.checked = wanted.task ? one.value === wanted.task : i === 0; });
    if (tasks.length && !values(tasks).length) { tasks[0].checked = true; }
    ticks.forEach(function (one) { one.checked = (wanted.only || "").split(",").indexOf(one.value) >= 0; });
    ["find"].concat(facets, form.elements.baseline ? ["baseline"] : []).forEach(function (name) {
      var field = form.elements[name], value = wanted[name] || "";
      if (field.tagName !== "SELECT" || Array.prototype.some.call(field.options, function (one) { return one.value === value; })) { field.value = value; }
    });
    form.parentNode.open = form.parentNode.open || ["find", "baseline"].concat(facets).some(function (name) { return wanted[name]; });
    see();
    filter();
    compare();
  }

  form.addEventListener("submit", function (event) { event.preventDefault(); });
  main.addEventListener("input", function () { p.remember(chosen()); see(); filter(); compare(); });
  window.addEventListener("hashchange", choose);
  choose();
})();
