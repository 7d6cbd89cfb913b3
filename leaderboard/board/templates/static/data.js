/* Loads a cell's answers as scripts, because a page opened from disk may load nothing else. All text in them is data:
   it reaches the page through textContent alone. */
"use strict";
var proctor = (function () {
  var root = document.body.dataset.root, waiting = {}, asked = {};

  function arrived(name, value) {
    if (waiting[name]) { waiting[name](value); delete waiting[name]; }
  }

  function load(name) {
    if (!asked[name]) {
      asked[name] = new Promise(function (done, failed) {
        var script = document.createElement("script");
        waiting[name] = done;
        script.src = root + "data/" + name + ".js";
        script.onerror = function () { delete asked[name]; failed(new Error("could not load " + script.src)); };
        document.head.appendChild(script);
      });
    }
    return asked[name];
  }

  /* One answer's row: its part is loaded, and the answers of a part stand in the order of rows.js. */
  function answer(key, rows, i) {
    var part = rows.part[i], first = rows.part.indexOf(part);
    return load(key + "/" + part).then(function (found) { return found[i - first]; });
  }

  function element(tag, words, name) {
    var made = document.createElement(tag);
    if (words !== undefined && words !== null) { made.textContent = words; }
    if (name) { made.className = name; }
    return made;
  }

  /* A long text scrolls in its own box, which the keyboard must be able to reach. */
  function block(title, text) {
    var part = element("div", null, "text"), pre = element("pre", text || "(empty)");
    if (!text) { pre.className = "quiet"; }
    pre.dir = "auto";
    pre.tabIndex = 0;
    pre.setAttribute("role", "group");
    pre.setAttribute("aria-label", title);
    part.appendChild(element("h3", title));
    part.appendChild(pre);
    return part;
  }

  function folded(title, text) {
    var part = element("details", null, "text"), inner = block(title, text);
    part.open = text.length <= 600; /* a question is to be seen, many shots before it are not */
    part.appendChild(element("summary", title));
    part.appendChild(inner.lastChild);
    return part;
  }

  function facts(pairs) {
    var list = element("dl", null, "facts");
    pairs.forEach(function (pair) {
      if (pair[1] === "" || pair[1] === null || pair[1] === undefined) { return; }
      list.appendChild(element("dt", pair[0]));
      var value = element("dd", pair[1]);
      value.dir = "auto";
      if (String(pair[1]).length > 600) { value.className = "long"; value.tabIndex = 0; }
      list.appendChild(value);
    });
    return list;
  }

  function figures(told) { return told.map(function (one) { return one.join(" "); }).join(" · "); }

  function target(binary) { return binary ? "Right answer" : "Reference"; }

  /* What the answer got, and whether it could be read. */
  function tags(head, one) {
    head.appendChild(element("span", one.mark, "tag mark" + (/^(right|wrong)$/.test(one.mark) ? " " + one.mark : "")));
    head.appendChild(element("span", "status: " + one.status, "tag" + (one.status === "ok" ? "" : " attention")));
  }

  /* The page's choices stand in its address, so that a view can be linked to. */
  function choices() {
    var found = {};
    location.hash.slice(1).split("&").forEach(function (part) {
      var at = part.indexOf("=");
      if (at > 0) {
        try { found[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); } catch (e) { /* not ours */ }
      }
    });
    return found;
  }

  function address(chosen) {
    return "#" + Object.keys(chosen).filter(function (name) { return chosen[name]; }).map(function (name) {
      return name + "=" + encodeURIComponent(chosen[name]);
    }).join("&");
  }

  function remember(chosen) {
    var hash = address(chosen);
    history.replaceState(null, "", location.pathname + location.search + (hash === "#" ? "" : hash));
  }

  return {
    rows: function (key, value) { arrived(key + "/rows", value); },
    part: function (key, value) { arrived(key, value); },
    load: load, answer: answer, element: element, block: block, folded: folded, facts: facts, figures: figures,
    target: target, tags: tags,
    choices: choices, address: address, remember: remember
  };
})();
