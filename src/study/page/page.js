"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const F = new Map(D.fields.map(f => [f[0], { id: f[0], parent: f[1], space: f[2], start: f[3], len: f[4], name: f[5], value: f[6], text: D.texts[f[7]] }]));
const SPACES = new Map(D.spaces);
const kids = new Map();
for (const f of F.values()) { if (!kids.has(f.parent)) kids.set(f.parent, []); kids.get(f.parent).push(f); }
const children = id => kids.get(id) || [];
const SECRETS = new Map(D.secrets.map(s => [s.name, s])), HASHES = new Map(D.hashes.map(s => [s.name, s]));
const state = { lang: "en", open: new Set(), field: null, step: 0, card: null };
const L = o => o ? o[state.lang] || "" : "";
const U = UI => UI[state.lang];
const T = {
  explained: { en: "explained byte by byte", es: "explicada byte a byte" },
  secret: { en: "This page holds the secrets of this connection. Share it only if you may.", es: "Esta página contiene los secretos de esta conexión. Compártala solo si puede hacerlo." },
  client: { en: "client", es: "cliente" }, server: { en: "server", es: "servidor" },
  talk: { en: "The conversation", es: "La conversación" },
  talkHelp: { en: "From top to bottom, as it crossed the wire. Thick arrows are encrypted. Open a record to see its bytes; point at a field, or reach it with Tab or the arrow keys, to see what it means.", es: "De arriba abajo, tal como pasó por el cable. Las flechas gruesas van cifradas. Abra un registro para ver sus bytes; señale un campo, o llegue a él con el tabulador o las flechas, para ver qué significa." },
  keys: { en: "From the shared point to the keys", es: "Del punto compartido a las claves" },
  keysHelp: { en: "Each value is made from those above it. Follow the links up to where it comes from, or down to what it opens.", es: "Cada valor se obtiene de los de arriba. Siga los enlaces hacia su origen, o hacia lo que abre." },
  hashes: { en: "Transcript hashes", es: "Hashes de la conversación" },
  checks: { en: "Proofs, computed again", es: "Pruebas, calculadas de nuevo" },
  problems: { en: "What is wrong or missing", es: "Lo que falla o falta" },
  none: { en: "Nothing.", es: "Nada." },
  all: { en: "Open all records", es: "Abrir todos los registros" }, close: { en: "Close all", es: "Cerrar todos" },
  wire: { en: "On the wire", es: "En el cable" }, plain: { en: "Decrypted", es: "Descifrado" }, message: { en: "Message", es: "Mensaje" },
  bytes: { en: "bytes", es: "bytes" }, at: { en: "from byte", es: "desde el byte" },
  cut: { en: "bytes not shown", es: "bytes que no se muestran" },
  from: { en: "Made from", es: "Se obtiene de" }, used: { en: "Used for", es: "Sirve para" },
  opens: { en: "Opens records", es: "Abre los registros" }, openedWith: { en: "Opened with", es: "Abierto con" },
  nonce: { en: "nonce: the IV XOR the record's number", es: "nonce: el IV XOR el número del registro" },
  holds: { en: "holds", es: "correcto" }, fails: { en: "DOES NOT HOLD", es: "NO ES CORRECTO" }, unknown: { en: "not known", es: "no se sabe" },
  expected: { en: "expected", es: "esperado" }, got: { en: "received", es: "recibido" },
  signed: { en: "what was signed", es: "lo que se firmó" }, signature: { en: "signature", es: "firma" },
  missing: { en: "missing", es: "falta" },
  capture: { en: "from capture and key log", es: "de la captura y el registro de claves" }, live: { en: "only live: needs private shares", es: "solo en vivo: necesita las claves privadas" },
  guide: { en: "A guided path: who am I talking to? How do I know?", es: "Recorrido guiado: ¿con quién hablo? ¿Cómo lo sé?" },
  step: { en: "Step", es: "Paso" }, of: { en: "of", es: "de" }, next: { en: "Next", es: "Siguiente" }, back: { en: "Back", es: "Atrás" },
  show: { en: "Show it", es: "Mostrar" }, absent: { en: "In this connection this did not happen, or it could not be read.", es: "En esta conexión esto no ocurrió, o no se pudo leer." },
  plaintext: { en: "not encrypted", es: "sin cifrar" }, handshake: { en: "handshake keys", es: "claves del handshake" }, application: { en: "application keys", es: "claves de aplicación" },
  generation: { en: "generation", es: "generación" }, point: { en: "Choose a field to see its meaning.", es: "Elija un campo para ver qué significa." },
  liveRun: { en: "a live run, private keys included", es: "una ejecución en vivo, con las claves privadas" },
  proves: { en: "Proves: ", es: "Demuestra: " }, disproves: { en: "Does not prove: ", es: "No demuestra: " }, wouldProve: { en: "Would prove: ", es: "Demostraría: " },
  toPath: { en: "↑ Back to the path", es: "↑ Volver al recorrido" },
  continued: { en: "handshake, continued", es: "handshake, continuación" }, sealed: { en: "protected", es: "protegido" },
  foot: { en: "Made by countersign's study. To read the same story as code: tests/step_by_step.rs in its repository.", es: "Hecho con el estudio de countersign. La misma historia, como código: tests/step_by_step.rs en su repositorio." },
  closeInfo: { en: "Close", es: "Cerrar" }, title: { en: D.title.en, es: D.title.es },
};
// The guided path. Each step: title, text, and what it shows.
const inMessage = (sender, name, field) => () => {
  const m = D.messages.find(m => m.sender === sender && m.name === name);
  if (!m) return null;
  if (!field) return { field: m.field };
  for (const f of F.values()) if (f.space === m.space && f.start >= m.start && f.start < m.start + m.len && f.name === field) return { field: f.id };
  return null;
};
const card = (kind, name) => () => (kind === "check" ? D.checks : D.secrets).some(x => x.name === name && (kind !== "check" || x.ok !== null)) ? { card: kind + " " + name } : null;
const record = test => () => { const i = D.records.findIndex(test); return i < 0 ? null : { record: i }; };
const STEPS = [
  { t: { en: "Two strangers", es: "Dos desconocidos" }, x: { en: "A client calls a server over a network that anybody can listen to, or change. Before they talk, each wants to know: who is at the other end? The old picture says: the server shows a certificate, the client checks it and sends back a key, encrypted; then the client shows its own certificate. Today it goes better. Let us look.", es: "Un cliente llama a un servidor por una red en la que cualquiera puede escuchar o cambiar lo que pasa. Antes de hablar, cada uno quiere saber quién está al otro lado. El dibujo de siempre dice: el servidor muestra un certificado, el cliente lo comprueba y devuelve una clave cifrada; después muestra el suyo. Hoy se hace mejor. Veámoslo." }, go: () => null },
  { t: { en: "Hello, in the open", es: "Hola, a la vista de todos" }, x: { en: "ClientHello: what I can do, 32 random bytes, and the name I am looking for. Nothing is secret yet.", es: "ClientHello: qué sé hacer, 32 bytes aleatorios y el nombre que busco. Todavía no hay nada secreto." }, go: inMessage("client", "client_hello") },
  { t: { en: "Half of a secret", es: "La mitad de un secreto" }, x: { en: "The client already sends the public half of a fresh key. In the old picture the client encrypted a key and sent it. Now nobody sends a key, encrypted or not.", es: "El cliente envía ya la mitad pública de una clave recién hecha. En el dibujo antiguo cifraba una clave y la enviaba. Hoy nadie envía una clave, ni siquiera cifrada." }, go: inMessage("client", "client_hello", "key_exchange") },
  { t: { en: "The other half", es: "La otra mitad" }, x: { en: "ServerHello brings the server's half. Each end combines its private half with the other's public half, and both get the same number. A listener has only the two public halves: not enough.", es: "ServerHello trae la mitad del servidor. Cada extremo combina su mitad privada con la mitad pública del otro y ambos obtienen el mismo número. Quien escucha solo tiene las dos mitades públicas, y no le bastan." }, go: inMessage("server", "server_hello", "key_exchange") },
  { t: { en: "From the secret to keys", es: "Del secreto a las claves" }, x: { en: "From the shared secret and the hash of both hellos come the first keys, one for each direction. Follow the links from the traffic secret to key and IV.", es: "Del secreto compartido y del hash de los dos saludos salen las primeras claves, una para cada sentido. Siga los enlaces desde el secreto de tráfico hasta la clave y el IV." }, go: () => card("secret", (SECRETS.get("shared_secret") || {}).bytes ? "shared_secret" : "server_handshake_traffic_secret")() },
  { t: { en: "Now it is encrypted", es: "Ahora va cifrado" }, x: { en: "From here on a listener sees only lengths. The same record stands here twice: as it crossed the wire, and opened.", es: "Desde aquí, quien escucha solo ve longitudes. El mismo registro aparece dos veces: como pasó por el cable y ya abierto." }, go: record(r => r.sender === "server" && r.keys === "handshake") },
  { t: { en: "And who are you?", es: "¿Y tú quién eres?" }, x: { en: "CertificateRequest: the server asks the client to identify itself, too. Without this message it is ordinary TLS; with it, mutual.", es: "CertificateRequest: el servidor pide al cliente que también se identifique. Sin este mensaje es TLS corriente; con él, TLS mutuo." }, go: inMessage("server", "certificate_request") },
  { t: { en: "The server shows a certificate", es: "El servidor muestra un certificado" }, x: { en: "A name and a public key, and the signature of a CA that says: they belong together. But a certificate is public. Anybody could show this one.", es: "Un nombre y una clave pública, y la firma de una CA que dice: van juntos. Pero un certificado es público. Cualquiera podría mostrar este." }, go: inMessage("server", "certificate", "cert_data") },
  { t: { en: "The server proves it", es: "El servidor lo demuestra" }, x: { en: "So it must do what only the owner of the private key can: sign everything that has been said so far. A signature from another conversation would not fit, because the random numbers differ.", es: "Por eso debe hacer lo que solo puede el dueño de la clave privada: firmar todo lo dicho hasta ahora. Una firma de otra conversación no serviría, porque los números aleatorios son distintos." }, go: card("check", "server CertificateVerify") },
  { t: { en: "Nobody has changed a byte", es: "Nadie ha cambiado un byte" }, x: { en: "Finished: a checksum with a secret key over the whole conversation. If anybody had changed a byte of the hellos, it would differ. Computed again here.", es: "Finished: una suma con clave secreta sobre toda la conversación. Si alguien hubiera cambiado un byte de los saludos, no coincidiría. Aquí se calcula de nuevo." }, go: card("check", "server Finished") },
  { t: { en: "The client shows and proves, too", es: "El cliente también muestra y demuestra" }, x: { en: "Only now, and only to a server that it has accepted, the client does the same three things: Certificate, CertificateVerify, Finished.", es: "Solo ahora, y solo ante un servidor que ha aceptado, el cliente hace las mismas tres cosas: Certificate, CertificateVerify, Finished." }, go: card("check", "client CertificateVerify") },
  { t: { en: "Both know", es: "Ambos lo saben" }, x: { en: "With new keys the applications talk. One more thing that the old picture hides: the client finishes first. Whether the server accepts its certificate, it learns only when the server speaks next, by data or by an alert.", es: "Con claves nuevas hablan las aplicaciones. Y algo que el dibujo antiguo oculta: el cliente termina primero. Si el servidor acepta su certificado, solo lo sabe cuando el servidor vuelve a hablar, con datos o con una alerta." }, go: record(r => r.sender === "server" && (r.keys === "application" || r.content_type === 21)) },
];
// Small helpers: everything that comes from a peer goes through textContent.
function el(tag, props, ...inner) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props || {})) {
    if (k === "on") for (const [n, f] of Object.entries(v)) e.addEventListener(n, f);
    else if (k === "class") e.className = v;
    else if (v !== undefined && v !== null) e.setAttribute(k, v);
  }
  e.append(...inner.flat().filter(x => x !== null && x !== undefined));
  return e;
}
const button = (text, f, props) => el("button", { type: "button", on: { click: f }, ...props }, text);
function hexOf(space, start, end) {
  let out = "", at = start;
  for (const [from, hex] of SPACES.get(space).parts) {
    const to = from + hex.length / 2;
    if (to <= at || from >= end) continue;
    if (from > at) { out += ` [${from - at} ${U(T.cut)}] `; at = from; }
    const stop = Math.min(end, to);
    out += hex.slice((at - from) * 2, (stop - from) * 2).replace(/../g, "$& ");
    at = stop;
  }
  if (at < end) out += ` [${end - at} ${U(T.cut)}] `;
  return out;
}
const spaced = hex => hex.replace(/../g, "$& ");
function leaves(f) { const c = children(f.id); return c.length ? c.flatMap(leaves) : [f]; }
function select(id, scroll) {
  state.field = id;
  for (const e of document.querySelectorAll(".on[data-f],.on[data-leaf]")) e.classList.remove("on");
  const f = F.get(id);
  const lit = new Set(f ? leaves(f).map(x => x.id) : []);
  for (const e of document.querySelectorAll("[data-leaf]")) if (lit.has(+e.dataset.leaf)) e.classList.add("on");
  for (const e of document.querySelectorAll(`[data-f="${id}"]`)) { e.classList.add("on"); if (scroll) { e.scrollIntoView({ block: "center" }); e.focus({ preventScroll: true }); } }
  info();
}
// What comes to lie under a resting mouse, as the keyboard scrolls, is not pointed at.
const pointed = id => e => { if ((e.movementX || e.movementY) && state.field !== id) select(id); };
function info() {
  const box = document.getElementById("info"), f = F.get(state.field);
  box.replaceChildren(); box.classList.toggle("none", !f);
  if (!f) { box.append(el("p", {}, U(T.point))); return; }
  const path = []; for (let p = f; p; p = F.get(p.parent)) path.unshift(p.name);
  box.append(el("h3", {}, f.name), el("p", { class: "rfc" }, path.join(" › ")), el("p", {}, L(f.text)));
  if (f.value) box.append(el("p", { class: "mono" }, f.value));
  box.append(el("p", { class: "rfc" }, `${f.len} ${U(T.bytes)}, ${U(T.at)} ${f.start}` + (f.text && f.text.rfc ? `. ${f.text.rfc}` : "")));
  if (f.len && f.len <= 64) box.append(el("p", { class: "mono" }, hexOf(f.space, f.start, f.start + f.len)));
}
function tree(list) {
  return list.map(f => el("li", {},
    el("button", { type: "button", class: "f" + (state.field === f.id ? " on" : ""), "data-f": f.id, on: { click: () => select(f.id), focus: () => select(f.id), mousemove: pointed(f.id) } },
      el("b", {}, f.name), f.value ? el("code", {}, "  " + f.value) : null),
    children(f.id).length ? el("ul", {}, tree(children(f.id))) : null));
}
function part(title, space, start, end, roots) {
  const spans = roots.flatMap(leaves).filter(f => f.len).map(f =>
    el("span", { "data-leaf": f.id, on: { click: () => select(f.id, true), mousemove: pointed(f.id) } }, hexOf(f.space, f.start, f.start + f.len)));
  return el("div", { class: "part" }, el("h3", {}, `${title} (${end - start} ${U(T.bytes)})`), el("div", { class: "hex", tabindex: 0, role: "region", "aria-label": title }, spans), el("ul", { class: "tree" }, tree(roots)));
}
const keysName = r => U(T[r.keys]) + (r.generation ? `, ${U(T.generation)} ${r.generation}` : "");
const titleOf = r => r.title === T.continued.en ? U(T.continued) : r.title === T.sealed.en ? U(T.sealed) : r.title;
const writeKey = r => r.keys === "handshake" ? `${r.sender}_handshake_write_key` : r.keys === "application" ? `${r.sender}_application_${r.generation ? r.generation + "_" : ""}write_key` : null;
const ROOTS = new Map();
for (const f of F.values()) if (f.parent === null) { if (!ROOTS.has(f.space)) ROOTS.set(f.space, []); ROOTS.get(f.space).push(f); }
const rootsOf = (space, start, end) => (ROOTS.get(space) || []).filter(f => f.start >= start && f.start + f.len <= end);
function inside(r) {
  const box = el("div", { class: "inside" });
  const name = writeKey(r);
  if (name && SECRETS.has(name)) box.append(el("div", { class: "links" }, el("span", {}, U(T.openedWith) + ":"), link("secret " + name, name), link("secret " + name.replace(/key$/, "iv"), name.replace(/key$/, "iv"))));
  if (r.nonce) box.append(el("p", { class: "mono" }, `${U(T.nonce)} ${r.sequence_number} = ${r.nonce}`));
  if (r.unopened) box.append(el("p", { class: "problem" }, L(r.unopened)));
  box.append(part(U(T.wire), r.space, r.start, r.start + r.len, rootsOf(r.space, r.start, r.start + r.len)));
  if (r.plaintext !== null) { const s = SPACES.get(r.plaintext); box.append(part(U(T.plain), r.plaintext, 0, s.len, rootsOf(r.plaintext, 0, s.len))); }
  for (const i of r.messages) { const m = D.messages[i], f = F.get(m.field); if (f) box.append(part(`${U(T.message)} ${m.name}`, m.space, m.start, m.start + m.len, [f])); }
  return box;
}
function ladder() {
  const list = el("ol", { class: "ladder" });
  D.records.forEach((r, i) => {
    const open = state.open.has(i), li = el("li", { class: r.sender + (r.keys === "plaintext" ? "" : " sealed"), id: "record-" + i });
    const tip = r.sender === "client" ? "▶" : "◀";
    const line = el("span", { class: "arrow", "aria-hidden": "true" }, r.sender === "client" ? ["●", el("i"), tip] : [tip, el("i"), "●"]);
    li.append(el("button", { type: "button", class: "row", "aria-expanded": open, on: { click: () => { open ? state.open.delete(i) : state.open.add(i); render(); document.querySelector(`#record-${i} .row`).focus(); } } },
      el("span", { class: "what" }, `${U(T[r.sender])}: ${titleOf(r)}`), line, el("span", { class: "sub" }, `${r.len} ${U(T.bytes)}, ${keysName(r)}`)));
    if (open) li.append(inside(r));
    list.append(li);
  });
  return list;
}
function link(target, text) { return button(text, () => goCard(target)); }
function goCard(target) { state.card = target; for (const e of document.querySelectorAll(".card.on")) e.classList.remove("on"); const e = document.getElementById("card " + target); if (e) { e.classList.add("on"); e.scrollIntoView({ block: "center" }); e.focus({ preventScroll: true }); } }
function goField(id) {
  const f = F.get(id); if (!f) return;
  const i = D.records.findIndex(r => (r.space === f.space && f.start >= r.start && f.start < r.start + r.len) || r.plaintext === f.space || r.messages.some(m => D.messages[m].space === f.space && f.start >= D.messages[m].start && f.start < D.messages[m].start + D.messages[m].len));
  if (i >= 0) state.open.add(i);
  render(); select(id, true);
}
function go(target) {
  if (!target) return;
  if (target.card) goCard(target.card);
  else if (target.field !== undefined) goField(target.field);
  else { state.open.add(target.record); render(); const e = document.querySelector(`#record-${target.record} .row`); e.scrollIntoView({ block: "start" }); e.focus({ preventScroll: true }); }
}
function value(v) { return v.bytes !== undefined ? el("p", { class: "mono" }, spaced(v.bytes)) : el("p", { class: "missing" }, `${U(T.missing)}: ${L(v.missing)}`); }
function inputs(list) {
  if (!list.length) return null;
  return el("div", { class: "links" }, el("span", {}, U(T.from) + ":"), list.map(i =>
    i.name !== undefined ? link((HASHES.has(i.name) ? "hash " : "secret ") + i.name, i.name)
      : i.space !== undefined ? button(i.is, () => { const f = [...F.values()].find(f => f.space === i.space && f.start === i.start && f.len === i.len) || [...F.values()].find(f => f.space === i.space && f.start === i.start); if (f) goField(f.id); })
        : el("code", {}, `${i.is} = ${spaced(i.bytes)}`)));
}
function used(name) {
  const list = [...D.secrets.filter(s => s.inputs.some(i => i.name === name)).map(s => link("secret " + s.name, s.name)), ...D.checks.filter(c => c.inputs.some(i => i.name === name)).map(c => link("check " + c.name, c.name))];
  const records = D.records.map((r, i) => [r, i]).filter(([r]) => writeKey(r) === name && !r.unopened);
  return [list.length ? el("div", { class: "links" }, el("span", {}, U(T.used) + ":"), list) : null,
    records.length ? el("div", { class: "links" }, el("span", {}, U(T.opens) + ":"), records.slice(0, 30).map(([r, i]) => button(`${i + 1}: ${titleOf(r)}`, () => go({ record: i })))) : null];
}
const level = d => el("span", { class: "level" }, U(T[d.level]));
function derived(kind, d) {
  return el("div", { class: "card" + (state.card === kind + " " + d.name ? " on" : ""), id: `card ${kind} ${d.name}`, tabindex: -1 }, el("h3", {}, d.name + " ", level(d)),
    el("p", {}, L(d.text)), el("p", {}, el("code", {}, d.formula)), value(d), inputs(d.inputs), used(d.name), el("p", { class: "rfc" }, d.rfc));
}
// What is not known, or does not hold, is not said as if it were so. (A signature that cannot be checked says why instead.)
const claim = c => c.ok === true ? U(T.proves) : c.ok === false ? U(T.disproves) : c.expected.bytes && c.name.endsWith("CertificateVerify") ? "" : U(T.wouldProve);
function check(c) {
  const word = c.ok === true ? ["ok", "✓ " + U(T.holds)] : c.ok === false ? ["no", "✗ " + U(T.fails)] : ["na", "? " + U(T.unknown)];
  const signed = c.name.endsWith("CertificateVerify");
  return el("div", { class: "card" + (state.card === "check " + c.name ? " on" : ""), id: "card check " + c.name, tabindex: -1 }, el("h3", {}, c.name + ": ", el("span", { class: word[0] }, word[1]), " ", level(c)), el("p", {}, claim(c) + L(c.text)), el("p", {}, el("code", {}, c.formula)),
    c.got.missing ? value(c.got) : [el("p", {}, U(signed ? T.signed : T.expected) + ":"), value(c.expected), el("p", {}, U(signed ? T.signature : T.got) + ":"), value(c.got)], inputs(c.inputs.filter(i => i.bytes === undefined || i.bytes !== c.expected.bytes)), el("p", { class: "rfc" }, c.rfc));
}
function guide() {
  const s = STEPS[state.step], target = s.go();
  const move = n => () => { state.step += n; render(); document.getElementById("guide").focus({ preventScroll: true }); };
  return el("section", { class: "guide", id: "guide", tabindex: -1, "aria-label": U(T.guide) }, el("p", { class: "count" }, `${U(T.guide)} ${U(T.step)} ${state.step + 1} ${U(T.of)} ${STEPS.length}`), el("h2", {}, U(s.t)), el("p", {}, U(s.x)),
    state.step && !target ? el("p", { class: "cutnote" }, U(T.absent)) : null,
    el("div", { class: "bar" }, state.step ? button("← " + U(T.back), move(-1)) : null, state.step < STEPS.length - 1 ? button(U(T.next) + " →", move(1)) : null, target ? button(U(T.show), () => { go(target); document.getElementById("back").hidden = false; }) : null),
    el("div", { class: "back", id: "back", hidden: "" }, button(U(T.toPath), () => { const g = document.getElementById("guide"); g.scrollIntoView({ block: "start" }); g.focus({ preventScroll: true }); document.getElementById("back").hidden = true; })));
}
function render() {
  document.documentElement.lang = state.lang;
  document.title = U(T.title);
  const app = document.getElementById("app"), y = window.scrollY;
  const all = state.open.size === D.records.length;
  app.replaceChildren(
    el("header", {}, el("div", { class: "bar" }, [["en", "English"], ["es", "Español"]].map(([l, n]) => button(n, () => { state.lang = l; render(); }, { "aria-pressed": state.lang === l, lang: l }))),
      el("h1", {}, U(T.title)), el("p", {}, L(D.lead) || ""), el("p", { class: "rfc" }, `${D.label} · ${U(D.level === "live" ? T.liveRun : T.capture)} · ${U(T.secret)}`),
      el("dl", { class: "facts" }, D.summary.flatMap(f => [el("dt", {}, L(f.title)), el("dd", {}, f.value)])), guide()),
    el("main", {}, el("div", { class: "wide" }, el("section", {}, el("h2", {}, U(T.talk)), el("p", {}, U(T.talkHelp)),
      el("div", { class: "bar" }, button(U(all ? T.close : T.all), () => { all ? state.open.clear() : D.records.forEach((_, i) => state.open.add(i)); render(); }, { id: "all" })),
      el("div", { class: "ends", "aria-hidden": "true" }, el("span", { class: "c" }, U(T.client)), el("span", { class: "s" }, U(T.server))), ladder()),
      el("aside", {}, el("div", { class: "info none", id: "info", role: "status" }))),
      el("section", { id: "checks" }, el("h2", {}, U(T.checks)), D.checks.map(check)),
      el("section", { id: "keys" }, el("h2", {}, U(T.keys)), el("p", {}, U(T.keysHelp)), D.secrets.map(s => derived("secret", s))),
      el("section", { id: "hashes" }, el("h2", {}, U(T.hashes)), D.hashes.map(h => derived("hash", h))),
      el("section", { id: "problems" }, el("h2", {}, U(T.problems)), D.problems.length ? D.problems.map(p => el("p", { class: "problem" }, L(p.text) + " ", p.field !== null && F.has(p.field) ? button(F.get(p.field).name, () => goField(p.field)) : null)) : el("p", {}, U(T.none)))),
    el("footer", {}, el("p", {}, U(T.foot))));
  info(); if (state.field !== null) select(state.field);
  window.scrollTo(0, y);
}
document.addEventListener("keydown", e => {
  if (e.key === "Escape") { state.field = null; select(-1); state.field = null; info(); return; }
  if ((e.key === "ArrowDown" || e.key === "ArrowUp") && e.target.classList && (e.target.classList.contains("f") || e.target.classList.contains("row"))) {
    const all = [...document.querySelectorAll(".f,.row")], i = all.indexOf(e.target) + (e.key === "ArrowDown" ? 1 : -1);
    if (all[i]) { e.preventDefault(); all[i].focus(); }
  }
});
let before = null;
window.addEventListener("beforeprint", () => { before = new Set(state.open); D.records.forEach((_, i) => state.open.add(i)); render(); });
window.addEventListener("afterprint", () => { if (before) { state.open = before; before = null; render(); } });
if ((navigator.language || "").startsWith("es")) state.lang = "es";
render();
