/* Variants that were ticked on the first page are seen alone in every chart. Their names stand in the address as
   `only`, which the links to the other charts carry on. */
"use strict";
proctor.alone = function () {
  var names = (proctor.choices().only || "").split(",").filter(Boolean), main = document.getElementById("main");
  main.querySelectorAll(".chart [data-variant], .fall [data-variant], .lineage [data-variant]").forEach(function (one) {
    one.classList.toggle("off", names.length > 0 && names.indexOf(one.dataset.variant) < 0);
  });
  document.querySelectorAll('nav a[href*="lineage.html"], nav a[href*="tradeoff.html"]').forEach(function (link) {
    link.hash = names.length ? proctor.address({ only: names.join(",") }) : "";
  });
  var told = document.getElementById("alone");
  if (!told) {
    told = proctor.element("p", null, "notice");
    told.id = "alone";
    main.insertBefore(told, main.querySelector("h1").nextSibling);
  }
  told.hidden = names.length === 0;
  told.textContent = "Charts show only " + names.join(", ") + ". ";
  var all = proctor.element("a", "Show all");
  all.href = proctor.address(Object.assign(proctor.choices(), { only: "" }));
  told.appendChild(all);
};
window.addEventListener("hashchange", proctor.alone);
proctor.alone();
