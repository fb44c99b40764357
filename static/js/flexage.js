// A form that is on its way is not sent again by a second click. The server guards itself as
// well; this only spares the person a wait. Coming back to the page makes the buttons work again,
// with all that was typed still there.
let submitted = new WeakSet();

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  if (submitted.has(event.target)) event.preventDefault();
  else submitted.add(event.target);
  // A submit that was stopped, or never got through, may be tried again.
  window.setTimeout(() => { submitted.delete(event.target); }, 5000);
});

window.addEventListener("pageshow", (event) => {
  if (event.persisted) submitted = new WeakSet();
});

// What was typed and not handed in is not lost by a stray click.
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-guard]");
  if (form) form.dataset.changed = "true";
});

const hasUnsaved = () =>
  [...document.querySelectorAll("form[data-guard][data-changed]")].some((form) => !submitted.has(form));

window.addEventListener("beforeunload", (event) => {
  if (hasUnsaved()) event.preventDefault();
});

// A run that ended has the page show its result, but never at the price of what is being typed.
document.addEventListener("run-ended", () => {
  if (!hasUnsaved()) window.location.reload();
});

// A request behind the page that fails says so, instead of leaving the page silent.
for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, () => { document.getElementById("htmx-error").hidden = false; });
}
document.addEventListener("htmx:afterSwap", () => {
  document.getElementById("htmx-error").hidden = true;
});
