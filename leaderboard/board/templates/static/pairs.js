/* All about one pair of variants, read from the differences that were computed when the board was made. */
"use strict";
(function () {
  var form = document.getElementById("pair"), told = document.getElementById("told"), table = document.getElementById("compact");
  if (!form) { return; }
  var p = proctor, task = form.dataset.task, turn = 0;

  function say() {
    var a = form.elements.a.value, b = form.elements.b.value, mine = ++turn;
    if (a === b) { told.textContent = "Choose two different variants."; return; }
    p.load("_against/" + b).then(function (found) {
      if (mine !== turn) { return; }
      var one = (found[task] || {})[a], why = ((found[""] || {})[task] || {})[a];
      told.textContent = "";
      if (!one) { told.textContent = why ? "Cannot be compared: " + why + "." : "There is nothing to compare."; return; }
      told.appendChild(document.createTextNode(a + " minus " + b + ": "));
      told.appendChild(p.element("strong", one[1] + " points", "num"));
      told.appendChild(document.createTextNode(" (" + one[2] + "), "));
      told.appendChild(p.element("span", one[3], "verdict " + one[4]));
      told.appendChild(document.createTextNode(" (" + one[5] + " after Holm's correction over all pairs" + (one[6] ? "; " + one[6] : "") + "). "));
      var link = p.element("a", "The responses in which they part");
      link.href = document.body.dataset.root + "flips.html#task=" + encodeURIComponent(task) + "&a=" + encodeURIComponent(a) + "&b=" + encodeURIComponent(b);
      told.appendChild(link);
    }).catch(function (why) { told.textContent = String(why.message || why); });
  }

  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("input", say);
  table.addEventListener("click", function (event) {
    var cell = event.target.closest("tbody td");
    if (!cell || !cell.textContent) { return; }
    form.elements.a.value = cell.parentNode.cells[0].textContent;
    form.elements.b.value = table.tHead.rows[0].cells[cell.cellIndex].textContent;
    say();
    form.scrollIntoView({ block: "nearest" });
  });
  say();
})();
