/* One cell's responses: filter by status and score at once, search after all parts are there, show some at a time. */
"use strict";
(function () {
  var STEP = 20;
  var list = document.getElementById("samples"), key = list.dataset.key, form = document.getElementById("controls");
  var count = document.getElementById("count"), more = document.getElementById("more");
  var rows, matching = [], shown = 0, turn = 0;

  function article(one) {
    var p = proctor, made = p.element("article", null, "sample");
    var head = p.element("h2", one.sample_id + (one.epoch > 1 ? ", epoch " + one.epoch : ""));
    p.tags(head, one);
    made.appendChild(head);
    made.appendChild(p.folded("Prompt", one.prompt));
    made.appendChild(p.block("Response", one.response));
    made.appendChild(p.facts([
      ["Understood as", one.answer], [p.target(list.dataset.kind === "binary"), one.target], ["Why this score", one.explanation],
      ["Figures", p.figures(one.figures)], ["Judge", one.judge],
      ["About", ["group " + one.cluster, one.tokens_in === null ? "" : one.tokens_in + " tokens in",
        one.tokens_out === null ? "" : one.tokens_out + " tokens out", one.seconds ? one.seconds + " s" : "",
        "prompt " + one.prompt_hash].filter(Boolean).join(" · ")]
    ]));
    return made;
  }

  function showMore() {
    var mine = turn, next = matching.slice(shown, shown + STEP);
    more.disabled = true;
    return Promise.all(next.map(function (i) { return proctor.answer(key, rows, i); })).then(function (found) {
      if (mine !== turn) { return; }
      found.forEach(function (one) { list.appendChild(article(one)); });
      shown += found.length;
      more.disabled = false;
      more.hidden = shown >= matching.length;
      say();
    }).catch(failed);
  }

  function say() {
    count.textContent = matching.length === 0 ? "no answer fits" :
      matching.length + " of " + rows.id.length + " responses" + (shown < matching.length ? ", the first " + shown + " shown" : "");
  }

  function failed(why) { count.textContent = String(why.message || why); }

  function searched(candidates, words) {
    if (!words.length) { return Promise.resolve(candidates); }
    var mine = turn, fits = [], at = 0;
    function step() {
      if (mine !== turn || at >= candidates.length) { return fits; }
      var end = Math.min(at + 50, candidates.length);
      count.textContent = "searched " + at + " of " + candidates.length;
      return Promise.all(candidates.slice(at, end).map(function (i) { return proctor.answer(key, rows, i); })).then(function (found) {
        found.forEach(function (one, n) {
          var text = [one.sample_id, one.prompt, one.response, one.answer, one.target, one.explanation, one.cluster].join("\n").toLowerCase();
          if (words.every(function (word) { return text.indexOf(word) >= 0; })) { fits.push(candidates[at + n]); }
        });
        at = end;
        return step();
      });
    }
    return Promise.resolve(step());
  }

  function filter() {
    var status = form.elements.status.value, mark = form.elements.mark ? form.elements.mark.value : "";
    var words = form.elements.find.value.toLowerCase().split(/\s+/).filter(Boolean);
    var mine = ++turn;
    proctor.remember({ status: status, mark: mark, find: form.elements.find.value });
    var candidates = rows.id.map(function (_, i) { return i; }).filter(function (i) {
      return (!status || rows.status[i].split(", ").indexOf(status) >= 0) && (!mark || rows.mark[i] === mark);
    });
    searched(candidates, words).then(function (fits) {
      if (mine !== turn) { return; }
      matching = fits;
      shown = 0;
      list.textContent = "";
      return showMore();
    }).catch(failed);
  }

  function choose() {
    var chosen = proctor.choices();
    ["status", "mark", "find"].forEach(function (name) {
      if (form.elements[name] && chosen[name] !== undefined) { form.elements[name].value = chosen[name]; }
    });
  }

  var later;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("input", function () { clearTimeout(later); later = setTimeout(filter, 150); });
  more.addEventListener("click", function () {
    var before = list.children.length;
    showMore().then(function () {
      var first = list.children[before];
      if (first) { first.tabIndex = -1; first.focus({ preventScroll: true }); }
    });
  });
  window.addEventListener("hashchange", function () { choose(); filter(); });
  proctor.load(key + "/rows").then(function (found) { rows = found; choose(); filter(); }).catch(failed);
})();
