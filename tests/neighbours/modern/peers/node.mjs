// Node's tls with the OpenSSL that it brings. What it is told and what it says stands in ../peers.rs.
import fs from "node:fs";
import tls from "node:tls";

const say = (line) => fs.writeSync(1, line + "\n");
const [role, directory, name, groups, port] = process.argv.slice(2);

if (role === "version") {
  say(`version Node ${process.versions.node} with OpenSSL ${process.versions.openssl}`);
  process.exit();
}

const read = (file) => fs.readFileSync(`${directory}/${file}`);
const refused = (error) => {
  say(`refused ${error.code} ${error.message}`);
  process.exit();
};

const options = {
  minVersion: "TLSv1.3",
  ca: read("ca.pem"),
  // It takes one list in each file.
  crl: read("crl.pem").toString().split(/(?=-----BEGIN)/),
};
if (name !== "-") Object.assign(options, { cert: read(`${name}.pem`), key: read(`${name}.key`) });
if (groups !== "-") options.ecdhCurve = groups.replaceAll(",", ":");

// OpenSSL's names that are not the standards'.
const standard = { X25519: "x25519", prime256v1: "secp256r1", "P-256": "secp256r1", "P-384": "secp384r1" };

function met(socket) {
  const certificate = socket.getPeerX509Certificate();
  const commonName = certificate.subject.split("\n").find((line) => line.startsWith("CN="));
  const altName = certificate.subjectAltName.replace(/^(DNS|URI):/, "").split(", ")[0];
  const group = socket.getEphemeralKeyInfo()?.name ?? "?"; // a client's
  return `${commonName} ${altName} ${socket.getCipher().standardName} ${standard[group] ?? group} ?`;
}

// Hears one line, and calls `answer` before it ends.
function talk(socket, answer) {
  let heard = "";
  socket.on("error", refused);
  socket.on("data", (data) => {
    heard += data;
    if (!heard.includes("\n")) return;
    answer();
    say(`met ${met(socket)} | ${heard.split(/\r?\n/)[0]}`);
    socket.end(() => process.exit());
  });
}

if (role === "client") {
  const socket = tls.connect({ ...options, host: "127.0.0.1", port: Number(port), servername: "localhost" });
  socket.on("secureConnect", () => socket.write("GET / HTTP/1.0\r\n\r\n"));
  talk(socket, () => {});
} else {
  const asks = role !== "careless";
  const server = tls.createServer({ ...options, requestCert: asks, rejectUnauthorized: asks });
  if (role === "echo") {
    server.on("secureConnection", (socket) => socket.on("error", () => {}).pipe(socket));
    server.on("tlsClientError", () => {});
  } else {
    server.on("secureConnection", (socket) => talk(socket, () => socket.write(`the peer met ${met(socket)}\n`)));
    server.on("tlsClientError", refused);
  }
  server.listen(0, "127.0.0.1", () => say(`listening ${server.address().port}`));
}
