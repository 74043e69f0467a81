// Go's crypto/tls as the other end. What it is told and what it says stands in tests/neighbours/modern/peers.rs.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

var curves = map[string]tls.CurveID{
	"x25519": tls.X25519, "secp256r1": tls.CurveP256, "secp384r1": tls.CurveP384,
	"X25519MLKEM768": tls.X25519MLKEM768, "SecP256r1MLKEM768": tls.SecP256r1MLKEM768,
}

func nameOf(curve tls.CurveID) string {
	for name, each := range curves {
		if each == curve {
			return name
		}
	}
	return curve.String()
}

func must(err error) {
	if err != nil {
		fmt.Printf("cannot %v\n", err)
		os.Exit(1)
	}
}

func configure(dir, name, groups string) *tls.Config {
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	config := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, ClientCAs: roots, ServerName: "localhost"}
	if name != "-" {
		certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key"))
		must(err)
		config.Certificates = []tls.Certificate{certificate}
	}
	if groups != "-" {
		for _, group := range strings.Split(groups, ",") {
			config.CurvePreferences = append(config.CurvePreferences, curves[group])
		}
	}
	return config
}

// met: whom we have met, as "CN=client spiffe://... suite group once".
func met(state tls.ConnectionState) string {
	peer := state.PeerCertificates[0]
	name := ""
	if len(peer.DNSNames) > 0 {
		name = peer.DNSNames[0]
	} else if len(peer.URIs) > 0 {
		name = peer.URIs[0].String()
	}
	retried := "once"
	if state.HelloRetryRequest {
		retried = "retried"
	}
	return fmt.Sprintf("CN=%s %s %s %s %s",
		peer.Subject.CommonName, name, tls.CipherSuiteName(state.CipherSuite), nameOf(state.CurveID), retried)
}

// hangUp closes when all is heard: a reset would overtake an alert.
func hangUp(connection *tls.Conn) {
	connection.CloseWrite()
	raw := connection.NetConn().(*net.TCPConn)
	raw.CloseWrite()
	io.Copy(io.Discard, raw)
	raw.Close()
}

// talk says one line and hears one.
func talk(connection *tls.Conn, server bool) (string, error) {
	defer hangUp(connection)
	must(connection.SetDeadline(time.Now().Add(20 * time.Second)))
	if err := connection.Handshake(); err != nil {
		return "", err
	}
	state := connection.ConnectionState()
	if len(state.PeerCertificates) == 0 {
		return "", fmt.Errorf("nobody asked for our certificate")
	}
	whom := met(state)
	line := "GET / HTTP/1.0\r\n\r\n"
	if server {
		line = "the peer met " + whom + "\n"
	} else if _, err := connection.Write([]byte(line)); err != nil {
		return "", err
	}
	heard, err := bufio.NewReader(connection).ReadString('\n')
	if err == nil && server {
		_, err = connection.Write([]byte(line))
	}
	if err != nil {
		return "", err
	}
	return whom + " | " + strings.TrimSpace(heard), nil
}

func tell(outcome string, err error) {
	if err != nil {
		fmt.Printf("refused %v\n", err)
	} else {
		fmt.Printf("met %s\n", outcome)
	}
}

// echo says back what it hears.
func echo(connection *tls.Conn) {
	defer hangUp(connection)
	must(connection.SetDeadline(time.Now().Add(20 * time.Second)))
	if err := connection.Handshake(); err == nil {
		io.Copy(connection, connection)
	}
}

func main() {
	if os.Args[1] == "version" {
		fmt.Printf("version Go %s\n", strings.TrimPrefix(runtime.Version(), "go"))
		return
	}
	role, dir, name, groups := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	config := configure(dir, name, groups)
	if role == "client" {
		raw, err := net.Dial("tcp", "127.0.0.1:"+os.Args[5])
		must(err)
		tell(talk(tls.Client(raw, config), false))
		return
	}
	if role != "careless" {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	for role == "echo" {
		raw, err := listener.Accept()
		must(err)
		go echo(tls.Server(raw, config))
	}
	raw, err := listener.Accept()
	must(err)
	tell(talk(tls.Server(raw, config), true))
}
