/*
 * Both roles of the handshake, and an attacker on the wire, for spin (https://spinroot.com).
 * The rules are those of the transition table, src/engine/table.rs; the rest is the skeleton tests/project/handshake.pml.
 * Written by tests/project/promela.rs: COUNTERSIGN_BLESS=1 cargo test --test project. Checked by .ci/model.
 * What it leaves out: docs/TESTING.md.
 */
mtype = { MESSAGES, data, alert, closed };
mtype = { STATES, Failed };

/* Which keys protect a message: of which epoch, and of which key exchange. */
#define Plaintext 0
#define Handshake 1
#define Application 2
#define NONE 0
#define HONEST 1      /* between client and server */
#define WITH_CLIENT 2 /* between client and attacker */
#define WITH_SERVER 3 /* between server and attacker */
#define TORN 4        /* of two shares that do not belong together: nobody knows the secret */

/* Whose share, certificate or signature. */
#define NOBODY 0
#define CLIENT 1
#define SERVER 2
#define ATTACKER 3

/* message, epoch, protected by, whose, made over (the transcript of which key exchange), with a key share that will do */
#define WIRE { mtype, byte, byte, byte, byte, bit }
#ifdef ALONE
chan to_client = [16] of WIRE;
chan to_server = [16] of WIRE;
#define from_client to_server
#define from_server to_client
#else
chan to_client = [0] of WIRE;
chan to_server = [0] of WIRE;
chan from_client = [16] of WIRE;
chan from_server = [16] of WIRE;
#endif

/* The key exchange over whose transcript each has signed. */
byte client_signed = NONE;
byte server_signed = NONE;
/* A host has said no. */
bit declined = 0;

#define EPOCH_OF(m) ((m == client_hello || m == server_hello || m == hello_retry_request) -> Plaintext : Handshake)
#define KEY_OF(m) (EPOCH_OF(m) == Plaintext -> NONE : kx)
#define CLIENT_SENDS(m) from_client!m, EPOCH_OF(m), KEY_OF(m), CLIENT, kx, share_will_do; CLIENT_SIGNS(m)
#define SERVER_SENDS(m) from_server!m, EPOCH_OF(m), KEY_OF(m), SERVER, kx, 1; SERVER_SIGNS(m)
#define CLIENT_SIGNS(m) client_signed = (m == certificate_verify -> kx : client_signed); OWN_PROOF(m)
#define SERVER_SIGNS(m) server_signed = (m == certificate_verify -> kx : server_signed); OWN_PROOF(m)
#define OWN_PROOF(m) own_proof = own_proof + ((m == certificate || m == certificate_verify || m == finished) -> 1 : 0)

/* What an end checks of a message beside its place; `ok` says whether it is right. */
#define TAKES_SERVER_HELLO ok = 1; kx = (whose == ATTACKER -> WITH_CLIENT : (over == HONEST -> HONEST : TORN))
#define TAKES_HELLO_RETRY_REQUEST ok = !retried; retried = 1; share_will_do = 1
#define TAKES_CLIENT_HELLO ok = 1; kx = (whose == ATTACKER -> WITH_SERVER : HONEST)
#define TAKES_CLIENT_HELLO_TO_RETRY ok = !retried; retried = 1
#define TAKES_PARAMETERS ok = (key == kx)
#define TAKES_CERTIFICATE ok = (key == kx); has_certificate = 1; possession = 0; peer = whose
/* Client and server sign with context strings of their own: nobody takes what was signed in his own role. */
#define TAKES_CERTIFICATE_VERIFY \
    ok = (key == kx && has_certificate && whose == peer && whose != self && over == kx); possession = ok
#define TAKES_FINISHED ok = (key == kx && over == kx); has_finished = ok
#define JUDGES if :: accepted = 1 :: declined = 1; goto fails fi
#define ANSWERS if :: skip :: declined = 1; goto fails fi

/* An end of which nobody has said no fails only because of what an attacker does. */
#ifdef ALONE
#define FAILS assert(declined)
#else
#define FAILS skip
#endif

/* What is no longer needed must not make two states of one. */
#define FORGETS message = 0; epoch = 0; key = 0; whose = 0; over = 0; share = 0; ok = 0

#define LOCALS \
    mtype state, message; byte epoch, key, whose, over; bit share; \
    byte kx = NONE, self, peer = NOBODY, own_proof = 0; \
    bit ok, retried = 0, has_certificate = 0, possession = 0, has_finished = 0, accepted = 0, share_will_do = 0

/* Possession before data, both proofs and the verdict; and an honest peer has signed this very connection. */
#define CONNECTED(their_name, they_signed) \
    assert(has_certificate && possession && has_finished && accepted && own_proof == 3); \
    assert(peer != their_name || they_signed == kx)

active proctype Client() {
    LOCALS;
    self = CLIENT;
    state = CLIENT_BEGINS;
    if :: share_will_do = 1 :: skip fi;
    do
CLIENT_ACTS
    :: atomic { CLIENT_WAITS -> to_client?message, epoch, key, whose, over, share;
        if
CLIENT_TAKES
        :: else -> goto fails
        fi;
        if :: ok -> FORGETS :: else -> goto fails fi
    }
    :: state == Connected -> break
    od;
    CONNECTED(SERVER, server_signed);
    from_client!data, Application, kx, CLIENT, kx, 0;
    goto ends;
fails:
    atomic {
        FAILS;
        FORGETS;
        from_client!alert, Plaintext, kx, CLIENT, kx, 0
    };
ends:
    skip
}

active proctype Server() {
    LOCALS;
    self = SERVER;
    state = SERVER_BEGINS;
    do
SERVER_ACTS
    :: atomic { SERVER_WAITS -> to_server?message, epoch, key, whose, over, share;
        if
SERVER_TAKES
        :: else -> goto fails
        fi;
        if :: ok -> FORGETS :: else -> goto fails fi
    }
    :: state == Connected -> break
    od;
    CONNECTED(CLIENT, client_signed);
    from_server!data, Application, kx, SERVER, kx, 0;
    goto ends;
fails:
    atomic {
        FAILS;
        FORGETS;
        from_server!alert, Plaintext, kx, SERVER, kx, 0
    };
ends:
    skip
}

#ifndef ALONE
/* Passes on or drops what was sent; reads what his keys protect; writes what he likes under them, with anybody's
   certificate, and with the signatures that are his or that he has read; ends the transport. */
active proctype Attacker() {
    mtype message; byte epoch, key, whose, over; bit share, ok;
    bit reads_clients_signature = 0, reads_servers_signature = 0;
end:
    do
    :: atomic { from_client?message, epoch, key, whose, over, share ->
        reads_clients_signature = reads_clients_signature || (message == certificate_verify && key == WITH_CLIENT);
        if :: to_server!message, epoch, key, whose, over, share :: skip fi;
        FORGETS
    }
    :: atomic { from_server?message, epoch, key, whose, over, share ->
        reads_servers_signature = reads_servers_signature || (message == certificate_verify && key == WITH_SERVER);
        if :: to_client!message, epoch, key, whose, over, share :: skip fi;
        FORGETS
    }
    :: to_client!closed, Plaintext, NONE, ATTACKER, NONE, 0
    :: to_server!closed, Plaintext, NONE, ATTACKER, NONE, 0
ATTACKS
    od
}
#endif
