/* On every page: what a term means, where it is tapped, and a button that copies a command. Without it a term leads to
   its meaning at the page's foot, and the command stands there to be read. */
"use strict";
(function () {
  var note = document.getElementById("note");

  function show(words, beside) {
    note.textContent = words;
    note.showPopover();
    var at = beside.getBoundingClientRect(), below = at.bottom + 6, room = window.innerHeight - note.offsetHeight - 8;
    note.style.left = Math.max(8, Math.min(at.left, window.innerWidth - note.offsetWidth - 8)) + "px";
    note.style.top = (below > room ? Math.max(8, at.top - note.offsetHeight - 6) : below) + "px";
  }

  document.addEventListener("click", function (event) {
    var term = event.target.closest("a.term"), meaning = term && document.getElementById(term.hash.slice(1));
    if (!meaning || !note.showPopover) { return; }
    event.preventDefault();
    show(meaning.textContent + ": " + meaning.nextElementSibling.textContent, term);
  });

  document.querySelectorAll("[data-copy]").forEach(function (code) {
    var button = document.createElement("button"), command = code.textContent;
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.title = command;
    button.setAttribute("aria-label", "Copy: " + command);
    button.addEventListener("click", function () {
      var done = navigator.clipboard ? navigator.clipboard.writeText(command) : Promise.reject(new Error());
      done.then(function () { show("Copied: " + command, button); }, function () {
        show(command, button);
        getSelection().selectAllChildren(note); /* this page is given no clipboard: a key copies what is chosen */
      });
    });
    code.after(" ", button);
  });
})();
