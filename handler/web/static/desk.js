// What htmx cannot say in attributes. Everything on the desk works without this file.
(function () {
  // A refusal is swapped in only when it is one of ours (they say where they belong); a proxy's error page is not.
  document.addEventListener("htmx:beforeSwap", function (event) {
    var status = event.detail.xhr.status;
    if (status >= 400 && status !== 409 && status !== 422 && !event.detail.xhr.getResponseHeader("HX-Retarget")) {
      event.detail.shouldSwap = false;
    }
  });
  // A double click sends a form once. Forms come alive again when the page is shown again (back button) or nothing came of it.
  var rest = 8000; // milliseconds
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== "post") { return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(function () { delete form.dataset.sent; }, rest);
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });
  // When the server is away, say so instead of showing old numbers as if they were fresh.
  function stale(on) {
    var note = document.getElementById("stale");
    if (note) { note.hidden = !on; }
  }
  document.addEventListener("htmx:sendError", function () { stale(true); });
  document.addEventListener("htmx:timeout", function () { stale(true); });
  document.addEventListener("htmx:afterOnLoad", function (event) { stale(event.detail.xhr.status >= 502); });
})();
