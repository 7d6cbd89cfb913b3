/* Lays the answers of two variants to the same items side by side, and marks the words in which they differ. */
"use strict";
(function () {
  var STEP = 10, WORDS = 400;
  var form = document.getElementById("controls"), list = document.getElementById("flips");
  var count = document.getElementById("count"), more = document.getElementById("more");
  var tasks = JSON.parse(form.dataset.tasks), turn = 0, both = null, matching = [], shown = 0;
  var p = proctor;

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
      [["a", "A higher than B"], ["b", "B higher than A"], ["same", "the same mark"], ["none", "no score from one of them"]];
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
    pre.textContent = "";
    for (i = 0, j = 0; i < n; i++) {
      while (j < m && mine[i] !== theirs[j] && length[i][j + 1] > length[i + 1][j]) { j++; }
      if (j < m && mine[i] === theirs[j]) { pre.appendChild(document.createTextNode(mine[i])); j++; }
      else if (/^\s*$/.test(mine[i])) { pre.appendChild(document.createTextNode(mine[i])); }
      else { pre.appendChild(p.element("mark", mine[i])); }
    }
  }

  function side(letter, name, one, other) {
    var made = p.element("section", null, "side"), block = p.block("Response of " + name, one.response);
    var head = p.element("h3", letter + ": " + name);
    head.appendChild(p.element("span", one.mark, "tag mark"));
    head.appendChild(p.element("span", "status: " + one.status, "tag" + (one.status === "ok" ? "" : " attention")));
    marked(block.lastChild, one.response, other.response);
    made.appendChild(head);
    made.appendChild(block.lastChild);
    made.appendChild(p.facts([["Understood as", one.answer], ["Why this mark", one.explanation], ["Figures", p.figures(one.metrics)]]));
    return made;
  }

  function article(pair, chosen) {
    var made = p.element("article", null, "sample"), sides = p.element("div", null, "sides");
    made.appendChild(p.element("h2", pair[0].sample_id + (pair[0].epoch > 1 ? ", epoch " + pair[0].epoch : "")));
    made.appendChild(p.folded(pair[0].prompt === pair[1].prompt ? "Prompt" : "Prompt of A", pair[0].prompt));
    if (pair[0].prompt !== pair[1].prompt) { made.appendChild(p.folded("Prompt of B", pair[1].prompt)); }
    made.appendChild(p.facts([["Right answer", pair[0].target]]));
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
    p.remember(chosen);
    list.textContent = "";
    more.hidden = true;
    if (chosen.a === chosen.b) { count.textContent = "Choose two different variants."; return; }
    Promise.all([p.load(chosen.a + "/" + chosen.task + "/rows"), p.load(chosen.b + "/" + chosen.task + "/rows")]).then(function (found) {
      if (mine !== turn) { return; }
      var a = found[0], b = found[1], other = keyed(b), tally = {}, alone = 0;
      both = { a: a, b: b };
      matching = [];
      shown = 0;
      a.id.forEach(function (id, i) {
        var j = other[a.epoch[i] + " " + id];
        if (j === undefined) { alone++; return; }
        var what = kind(a.score[i], b.score[j]);
        tally[what] = (tally[what] || 0) + 1;
        if (what === chosen.show) { matching.push([i, j]); }
      });
      count.textContent = kinds().map(function (one) { return one[1] + ": " + (tally[one[0]] || 0); }).join(" · ") +
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
