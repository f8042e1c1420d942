/* Lamport's mutual exclusion, N processes; clocks stop at MOST. A channel holds at most 3 messages: kind + 4 * clock,
 * with kind 1 request, 2 acknowledge, 3 release; 0 is an empty place, and a channel is an array from its head on. */
#define AT(p, q) ((p) * N + (q))
#define FIRST(p, q) message[3 * AT(p, q)]
#define KIND(m) ((m) & 3)
#define CLOCK(m) ((m) >> 2)

byte clock[N] = 1;
byte request[N * N];
byte acknowledged[N]; /* sets */
byte message[3 * N * N];
bool critical[N];

#define POP(p, q) \
  message[3 * AT(p, q)] = message[3 * AT(p, q) + 1]; \
  message[3 * AT(p, q) + 1] = message[3 * AT(p, q) + 2]; \
  message[3 * AT(p, q) + 2] = 0
#define APPEND(p, q, m) \
  if \
  :: message[3 * AT(p, q)] == 0 -> message[3 * AT(p, q)] = m \
  :: message[3 * AT(p, q)] != 0 && message[3 * AT(p, q) + 1] == 0 -> message[3 * AT(p, q) + 1] = m \
  :: else -> assert(message[3 * AT(p, q) + 2] == 0); message[3 * AT(p, q) + 2] = m \
  fi
#define BROADCAST(m) \
  other = 0; \
  do \
  :: other < N && other != _pid -> APPEND(_pid, other, m); other++ \
  :: other < N && other == _pid -> other++ \
  :: other == N -> break \
  od; \
  other = 0
#define LARGER(a, b) ((a) > (b) -> (a) : (b))
#define BEATS(q) (q >= N || q == _pid || request[AT(_pid, q % N)] == 0 \
  || request[AT(_pid, _pid)] < request[AT(_pid, q % N)] \
  || (request[AT(_pid, _pid)] == request[AT(_pid, q % N)] && _pid < q))

#define RECEIVE(q) \
  :: d_step { q < N && q != _pid && KIND(FIRST(q % N, _pid)) == 1 \
       && LARGER(CLOCK(FIRST(q % N, _pid)), clock[_pid]) < MOST -> \
       request[AT(_pid, q % N)] = CLOCK(FIRST(q % N, _pid)); \
       clock[_pid] = LARGER(CLOCK(FIRST(q % N, _pid)), clock[_pid]) + 1; \
       POP(q % N, _pid); \
       APPEND(_pid, q % N, 2) } \
  :: d_step { q < N && q != _pid && KIND(FIRST(q % N, _pid)) == 2 -> \
       POP(q % N, _pid); \
       acknowledged[_pid] = acknowledged[_pid] | (1 << q) } \
  :: d_step { q < N && q != _pid && KIND(FIRST(q % N, _pid)) == 3 -> \
       POP(q % N, _pid); \
       request[AT(_pid, q % N)] = 0 }

active [N] proctype process() {
  byte other; /* 0 between steps */
  do
  :: d_step { request[AT(_pid, _pid)] == 0 ->
       request[AT(_pid, _pid)] = clock[_pid];
       acknowledged[_pid] = 1 << _pid;
       BROADCAST(1 + 4 * clock[_pid]) }
  RECEIVE(0) RECEIVE(1) RECEIVE(2) RECEIVE(3)
  :: d_step { acknowledged[_pid] == (1 << N) - 1 && BEATS(0) && BEATS(1) && BEATS(2) && BEATS(3) ->
       critical[_pid] = true }
  :: d_step { critical[_pid] ->
       critical[_pid] = false;
       request[AT(_pid, _pid)] = 0;
       acknowledged[_pid] = 0;
       BROADCAST(3) }
  od
}
