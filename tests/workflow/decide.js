// Decides on loops of the inspector as a reader does, and tells the test what was exported.
function decide_on(id, decision, value, reason) {
  open(id);
  $("decision").value = decision;
  $("decision").dispatchEvent(new Event("change"));
  if ($("value")) $("value").value = value;
  $("why").value = reason;
  $("decide").requestSubmit();
}
async function look() {
  const found = { before: decisions.length };
  const [first, second] = shown.map(loop => loop.id);
  const switched = loops.find(loop => loop.kind === "sot_switching").id;
  if (!found.before) {
    decide_on(first, "leave_out", "", "bad contact, see the notebook");
    decide_on(second, "criterion", "erf", "the edge is round");
    decide_on(switched, "criterion", "onset", "the second half is heating");
  }
  found.lines = $("lines").value;
  found.statuses = Object.fromEntries(loops.map(loop => [loop.id, [loop.status, loop.reason]]));
  return found;
}
look().then(found => ({ found }), error => ({ error: String(error) }))
  .then(result => fetch(LISTENER, { method: "POST", mode: "no-cors", body: JSON.stringify(result) }));
