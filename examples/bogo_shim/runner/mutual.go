// Laid beside BoringSSL's runner by `suite`: makes each of its tests a story of mutual TLS 1.3, or leaves it out.

package runner

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The part of config.json that BoringSSL's own runner does not read: what a test expects that differs here.
// TestErrorMap has the shim's error, TestLocalErrorMap what the runner sees: an alert, or "EOF" where none is sent.
var expectations struct {
	TestErrorMap, TestLocalErrorMap map[string]string
}

func makeMutual() {
	encoded, err := os.ReadFile(*shimConfigFile)
	if err == nil {
		err = json.Unmarshal(encoded, &expectations)
	}
	if err != nil {
		panic(err)
	}
	listed := readList(filepath.Join(filepath.Dir(*shimConfigFile), "tests.txt"))
	all := os.Getenv("ALL_TESTS") != ""
	var kept []testCase
	for _, test := range testCases {
		runs := listed[test.name]
		delete(listed, test.name)
		if whyNotMutual(&test) != "" || !runs && !all {
			continue
		}
		makeTestMutual(&test)
		kept = append(kept, test)
	}
	testCases = kept
	for name, runs := range listed {
		if runs && !all {
			panic(fmt.Sprintf("%s is in tests.txt, and this suite has no such test", name))
		}
	}
}

// readList reads tests.txt: whether each test runs.
func readList(path string) map[string]bool {
	encoded, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	listed := make(map[string]bool)
	for _, line := range strings.Split(string(encoded), "\n") {
		if name, what, ok := strings.Cut(line, " | "); ok {
			listed[name] = what == "runs"
		}
	}
	return listed
}

// whyNotMutual says why a test is not about one mutual handshake of TLS 1.3 over TCP; "" if it is.
func whyNotMutual(test *testCase) string {
	config := &test.config
	older := []string{"-max-version", "-no-tls13", "-fallback-scsv"}
	switch {
	case test.protocol == dtls:
		return "DTLS"
	case test.protocol == quic:
		return "QUIC"
	case test.resumeSession:
		return "resumption"
	case config.MaxVersion != 0 && config.MaxVersion < VersionTLS13,
		test.expectations.version != 0 && test.expectations.version < VersionTLS13,
		slices.ContainsFunc(test.flags, func(flag string) bool { return slices.Contains(older, flag) }):
		return "an older version"
	case test.renegotiate > 0:
		return "renegotiation"
	case len(config.PreSharedKey) != 0:
		return "PSK"
	case test.handshakerCertificate != nil:
		return "a handshake split between processes"
	}
	return ""
}

// makeTestMutual gives both sides a certificate and lets both ask for one, but where its absence is the test.
func makeTestMutual(test *testCase) {
	config := &test.config
	if config.Credential == nil && test.expectedError != ":PEER_DID_NOT_RETURN_A_CERTIFICATE:" {
		config.Credential = &rsaCertificate
	}
	if test.testType == clientTest {
		if config.ClientAuth == NoClientCert || config.ClientAuth == RequestClientCert {
			config.ClientAuth = RequireAnyClientCert
		}
		if test.shimCertificate == nil && len(test.shimCredentials) == 0 {
			test.shimCertificate = &rsaCertificate
		}
	}
	if wanted, ok := expectations.TestErrorMap[test.name]; ok {
		test.expectedError = wanted
	}
	if wanted, ok := expectations.TestLocalErrorMap[test.name]; ok {
		test.expectedLocalError = wanted
	}
}

// noteUnimplemented prints why the shim has left a test out, as a line for tests.txt.
func noteUnimplemented(test *testCase, stdout string) {
	fmt.Printf("%s | no: %s\n", test.name, strings.TrimSpace(strings.TrimPrefix(stdout, "not supported: ")))
}
