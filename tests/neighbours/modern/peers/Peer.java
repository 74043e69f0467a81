import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.*;
import java.util.stream.*;
import javax.net.ssl.*;

/** Java's JSSE. What it is told and what it says stands in ../peers.rs. */
public class Peer {
    static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    static List<X509Certificate> certificates(Path path) throws Exception {
        try (InputStream in = Files.newInputStream(path)) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                .map(each -> (X509Certificate) each).collect(Collectors.toList());
        }
    }

    static PrivateKey key(Path path, String algorithm) throws Exception {
        String text = Files.readString(path).replaceAll("-----[A-Z ]+-----|\\s", "");
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
    }

    static SSLContext context(Path directory, String name) throws Exception {
        char[] none = new char[0];
        KeyStore ours = KeyStore.getInstance("PKCS12"), trusted = KeyStore.getInstance("PKCS12");
        ours.load(null, none);
        trusted.load(null, none);
        for (X509Certificate root : certificates(directory.resolve("ca.pem"))) trusted.setCertificateEntry("ca", root);
        if (!name.equals("-")) {
            List<X509Certificate> chain = certificates(directory.resolve(name + ".pem"));
            PrivateKey key = key(directory.resolve(name + ".key"), chain.get(0).getPublicKey().getAlgorithm());
            ours.setKeyEntry("us", key, none, chain.toArray(new X509Certificate[0]));
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(ours, none);
        Set<CertStore> lists = new HashSet<>();
        try (InputStream in = Files.newInputStream(directory.resolve("crl.pem"))) {
            lists.add(CertStore.getInstance("Collection",
                new CollectionCertStoreParameters(CertificateFactory.getInstance("X.509").generateCRLs(in))));
        }
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(trusted, new X509CertSelector());
        parameters.setRevocationEnabled(true);
        parameters.setCertStores(List.copyOf(lists));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(new CertPathTrustManagerParameters(parameters));
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    /** It does not tell the group, nor whether there was a HelloRetryRequest. */
    static String met(SSLSession session) throws Exception {
        X509Certificate peer = (X509Certificate) session.getPeerCertificates()[0];
        var names = peer.getSubjectAlternativeNames(); // null: there are none
        Object name = names == null ? "-" : names.iterator().next().get(1);
        return peer.getSubjectX500Principal().getName() + " " + name + " " + session.getCipherSuite() + " ? ?";
    }

    static String talk(SSLSocket socket, boolean server) throws Exception {
        socket.setSoTimeout(20_000);
        socket.startHandshake();
        String whom = met(socket.getSession());
        OutputStream out = socket.getOutputStream();
        if (!server) out.write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
        String heard = new BufferedReader(new InputStreamReader(socket.getInputStream())).readLine();
        if (heard == null) throw new IOException("closed");
        if (server) out.write(("the peer met " + whom + "\n").getBytes(StandardCharsets.US_ASCII));
        out.flush();
        socket.close();
        return whom + " | " + heard;
    }

    static String call(SSLContext context, int port) throws Exception {
        Socket raw = new Socket("127.0.0.1", port);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(raw, "localhost", port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        try (raw) {
            return talk(socket, false);
        }
    }

    /** Says back what it hears. It closes only when it has heard all: a reset would overtake its alert. */
    static void echo(SSLContext context, Socket raw) {
        try (raw) {
            raw.setSoTimeout(20_000);
            SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(raw, null, false);
            try {
                socket.setNeedClientAuth(true);
                socket.startHandshake();
                byte[] heard = new byte[4096];
                for (int count; (count = socket.getInputStream().read(heard)) > 0; ) {
                    socket.getOutputStream().write(heard, 0, count);
                }
                socket.shutdownOutput();
            } catch (IOException error) {
                // It has sent its alert.
            }
            raw.shutdownOutput();
            raw.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (IOException error) {
            // Nobody is left to be told.
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("version")) {
            say("version Java " + Runtime.version());
            return;
        }
        String role = arguments[0], groups = arguments[3];
        if (!groups.equals("-")) System.setProperty("jdk.tls.namedGroups", groups);
        SSLContext made;
        try {
            made = context(Path.of(arguments[1]), arguments[2]);
        } catch (GeneralSecurityException error) {
            say("cannot " + error); // it has no such key
            return;
        }
        SSLContext context = made;
        try {
            if (role.equals("client")) {
                say("met " + call(context, Integer.parseInt(arguments[4])));
            } else if (role.equals("caller")) {
                while (true) {
                    try {
                        call(context, Integer.parseInt(arguments[4]));
                    } catch (IOException error) {
                        Thread.sleep(20); // nobody may listen yet
                    }
                }
            } else if (role.equals("echo")) {
                ServerSocket listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
                say("listening " + listener.getLocalPort());
                while (true) {
                    Socket raw = listener.accept();
                    new Thread(() -> echo(context, raw)).start();
                }
            } else {
                InetAddress here = InetAddress.getByName("127.0.0.1");
                SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 1, here);
                listener.setNeedClientAuth(role.equals("server"));
                say("listening " + listener.getLocalPort());
                SSLSocket socket = (SSLSocket) listener.accept();
                say("met " + talk(socket, true));
            }
        } catch (ExceptionInInitializerError error) {
            say("cannot " + error.getCause()); // it has none of the groups
        } catch (IOException error) {
            say("refused " + error);
        }
    }
}
