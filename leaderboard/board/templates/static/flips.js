/* Lays the answers of two variants to the same items side by side, and marks the words in which they differ. */
"use strict";
(function () {
  var STEP = 10, WORDS = 400;
  var form = document.getElementById("controls"), list = document.getElementById("flips");
  var count = document.getElementById("count"), more = document.getElementById("more");
  var tasks = JSON.parse(form.dataset.tasks), turn = 0, both = null, matching = [], shown = 0;
  var p = proctor, open = true; /* whether the page may choose which answers it opens with */

  function field(name) { return form.elements[name]; }
  function task() { return tasks.filter(function (one) { return one.name === field("task").value; })[0] || tasks[0]; }

  function options(select, values, wanted, fallback) {
    select.textContent = "";
    values.forEach(function (value) {
      var option = p.element("option", value[1]);
      option.value = value[0];
      select.appendChild(option);
    });
    var there = values.map(function (value) { return value[0]; });
    select.value = there.indexOf(wanted) >= 0 ? wanted : there.indexOf(fallback) >= 0 ? fallback : there[0] || "";
  }

  function kinds() {
    return task().binary ?
      [["a", "A right, B wrong"], ["b", "B right, A wrong"], ["neither", "both wrong"], ["same", "both right"], ["none", "no score from one of them"]] :
      [["a", "A higher than B"], ["b", "B higher than A"], ["same", "the same score"], ["none", "no score from one of them"]];
  }

  function kind(a, b) {
    if (a === null || b === null) { return "none"; }
    if (a > b) { return "a"; }
    if (b > a) { return "b"; }
    return task().binary && a === 0 ? "neither" : "same";
  }

  function choose(chosen) {
    if (tasks.some(function (one) { return one.name === chosen.task; })) { field("task").value = chosen.task; }
    var names = task().variants.map(function (name) { return [name, name]; });
    options(field("a"), names, chosen.a, names.length ? names[0][0] : "");
    options(field("b"), names, chosen.b, names.length > 1 ? names[names.length - 1][0] : "");
    options(field("show"), kinds(), chosen.show, "a");
    open = !chosen.show;
  }

  function current() {
    return { task: field("task").value, a: field("a").value, b: field("b").value, show: field("show").value };
  }

  /* The words of a text, each with whether the other text has it too in the same order (longest common subsequence). */
  function marked(pre, text, other) {
    var mine = text.split(/(\s+)/), theirs = other.split(/(\s+)/), n = mine.length, m = theirs.length, i, j;
    if (!text || n > WORDS || m > WORDS) { return; }
    var length = [];
    for (i = n; i >= 0; i--) {
      length[i] = [];
      for (j = m; j >= 0; j--) {
        length[i][j] = i === n || j === m ? 0 : mine[i] === theirs[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
      }
    }
    var own = [];
    for (i = 0, j = 0; i < n; i++) {
      while (j < m && mine[i] !== theirs[j] && length[i][j + 1] > length[i + 1][j]) { j++; }
      own[i] = !(j < m && mine[i] === theirs[j]);
      if (!own[i]) { j++; }
    }
    pre.textContent = "";
    var run = "";
    for (i = 0; i < n; i++) { /* the space between two marked words is marked with them */
      var marks = /^\s*$/.test(mine[i]) ? mine[i].indexOf("\n") < 0 && run && i + 1 < n && own[i + 1] : own[i];
      if (marks) { run += mine[i]; continue; }
      if (run) { pre.appendChild(p.element("mark", run)); run = ""; }
      pre.appendChild(document.createTextNode(mine[i]));
    }
    if (run) { pre.appendChild(p.element("mark", run)); }
  }

  function side(letter, name, one, other) {
    var made = p.element("section", null, "side"), block = p.block("Response of " + name, one.response);
    var head = p.element("h3", letter + ": " + name);
    p.tags(head, one);
    marked(block.lastChild, one.response, other.response);
    made.appendChild(head);
    made.appendChild(block.lastChild);
    made.appendChild(p.facts([["Understood as", one.answer], ["Why this score", one.explanation], ["Figures", p.figures(one.figures)]]));
    return made;
  }

  function article(pair, chosen) {
    var made = p.element("article", null, "sample"), sides = p.element("div", null, "sides");
    made.appendChild(p.element("h2", pair[0].sample_id + (pair[0].epoch > 1 ? ", epoch " + pair[0].epoch : "")));
    made.appendChild(p.folded(pair[0].prompt === pair[1].prompt ? "Prompt" : "Prompt of A", pair[0].prompt));
    if (pair[0].prompt !== pair[1].prompt) { made.appendChild(p.folded("Prompt of B", pair[1].prompt)); }
    made.appendChild(p.facts([[p.target(task().binary), pair[0].target]]));
    sides.appendChild(side("A", chosen.a, pair[0], pair[1]));
    sides.appendChild(side("B", chosen.b, pair[1], pair[0]));
    made.appendChild(sides);
    return made;
  }

  function failed(why) { count.textContent = String(why.message || why); }

  function showMore() {
    var mine = turn, chosen = current(), next = matching.slice(shown, shown + STEP);
    more.disabled = true;
    return Promise.all(next.map(function (at) {
      return Promise.all([p.answer(chosen.a + "/" + chosen.task, both.a, at[0]), p.answer(chosen.b + "/" + chosen.task, both.b, at[1])]);
    })).then(function (found) {
      if (mine !== turn) { return; }
      found.forEach(function (pair) { list.appendChild(article(pair, chosen)); });
      shown += found.length;
      more.disabled = false;
      more.hidden = shown >= matching.length;
    }).catch(failed);
  }

  function keyed(rows) {
    var at = {};
    rows.id.forEach(function (id, i) { at[rows.epoch[i] + " " + id] = i; });
    return at;
  }

  function compare() {
    var chosen = current(), mine = ++turn;
    list.textContent = "";
    more.hidden = true;
    if (chosen.a === chosen.b) { count.textContent = "Choose two different variants."; return; }
    Promise.all([p.load(chosen.a + "/" + chosen.task + "/rows"), p.load(chosen.b + "/" + chosen.task + "/rows")]).then(function (found) {
      if (mine !== turn) { return; }
      var a = found[0], b = found[1], other = keyed(b), pairs = {}, alone = 0;
      both = { a: a, b: b };
      shown = 0;
      a.id.forEach(function (id, i) {
        var j = other[a.epoch[i] + " " + id];
        if (j === undefined) { alone++; return; }
        var what = kind(a.score[i], b.score[j]);
        (pairs[what] = pairs[what] || []).push([i, j]);
      });
      if (open && (pairs.b || []).length > (pairs.a || []).length) { field("show").value = chosen.show = "b"; }
      matching = pairs[chosen.show] || [];
      p.remember(chosen);
      if (!matching.length) { list.appendChild(p.element("p", "No answer of this kind.", "quiet")); }
      count.textContent = kinds().map(function (one) { return one[1] + ": " + (pairs[one[0]] || []).length; }).join(" · ") +
        (alone ? " · only A has: " + alone : "");
      return showMore();
    }).catch(failed);
  }

  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("change", function () { choose(current()); compare(); });
  document.getElementById("swap").addEventListener("click", function () {
    var chosen = current();
    choose({ task: chosen.task, a: chosen.b, b: chosen.a, show: chosen.show });
    compare();
  });
  more.addEventListener("click", showMore);
  window.addEventListener("hashchange", function () { choose(p.choices()); compare(); });
  var first = p.choices();
  choose(first.task ? first : JSON.parse(form.dataset.first));
  compare();
})();
