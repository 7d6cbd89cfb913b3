/* On every page: what a term means, where it is tapped, and a button that copies a command. Without it a term leads to
   its meaning at the page's foot, and the command stands there to be read. */
"use strict";
(function () {
  var note = document.getElementById("note");

  document.addEventListener("click", function (event) {
    var term = event.target.closest("a.term"), meaning = term && document.getElementById(term.hash.slice(1));
    if (!meaning || !note.showPopover) { return; }
    event.preventDefault();
    note.textContent = meaning.textContent + ": " + meaning.nextElementSibling.textContent;
    note.showPopover();
    var at = term.getBoundingClientRect(), below = at.bottom + 6, room = window.innerHeight - note.offsetHeight - 8;
    note.style.left = Math.max(8, Math.min(at.left, window.innerWidth - note.offsetWidth - 8)) + "px";
    note.style.top = (below > room ? Math.max(8, at.top - note.offsetHeight - 6) : below) + "px";
  });

  document.querySelectorAll("[data-copy]").forEach(function (code) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy: " + code.textContent);
    button.addEventListener("click", function () {
      var done = navigator.clipboard ? navigator.clipboard.writeText(code.textContent) : Promise.reject(new Error());
      done.then(function () { button.textContent = "Copied"; }, function () {
        getSelection().selectAllChildren(code); /* no clipboard is given to this page: one key copies what is chosen */
        button.textContent = "Press Ctrl+C";
      });
    });
    code.after(button);
  });
})();
