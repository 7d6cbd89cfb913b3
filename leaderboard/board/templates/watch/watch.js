// Puts into the page what has changed, every second; not while somebody has marked words to copy them.
const run = document.getElementById("run"), gone = document.getElementById("gone");
let last = "";

async function look() {
  try {
    const reply = await fetch("cells");
    if (!reply.ok) throw new Error(reply.statusText);
    const cells = await reply.text();
    gone.hidden = true;
    if (cells !== last && String(getSelection()) === "") {
      const focused = document.activeElement?.getAttribute("href");
      run.innerHTML = cells;
      if (focused) run.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
      last = cells;
    }
  } catch {
    gone.hidden = false;
  }
  setTimeout(look, document.hidden ? 5000 : 1000);
}
look();
