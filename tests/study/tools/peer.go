// A mutual TLS 1.3 server or client of Go's crypto/tls, for captures: peer server|client PORT.
// Reads ca.pem, localhost.pem and .key, client.pem and .key here; writes a key log to SSLKEYLOGFILE.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func config(name string) *tls.Config {
	certificate, err := tls.LoadX509KeyPair(name+".pem", name+".key")
	check(err)
	pem, err := os.ReadFile("ca.pem")
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	log, err := os.OpenFile(os.Getenv("SSLKEYLOGFILE"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	check(err)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, KeyLogWriter: log, Certificates: []tls.Certificate{certificate},
		RootCAs: roots, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert, ServerName: "localhost",
		NextProtos: []string{"http/1.1"},
	}
}

func main() {
	address := "127.0.0.1:" + os.Args[2]
	if os.Args[1] == "server" {
		hello := func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "hello %s\n", r.TLS.PeerCertificates[0].Subject)
		}
		server := http.Server{Addr: address, TLSConfig: config("localhost"), Handler: http.HandlerFunc(hello)}
		check(server.ListenAndServeTLS("", ""))
	}
	connection, err := tls.Dial("tcp", address, config("client"))
	check(err)
	fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	_, err = io.Copy(os.Stdout, bufio.NewReader(connection))
	check(err)
	check(connection.Close())
}
