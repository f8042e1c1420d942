/* EWD 840, N nodes, from one initial state: everybody active and white, a black token at node 0. */
bool active_[N] = true;
bool black[N];
byte token_at;
bool token_black = true;

active [N] proctype node() {
  do
  :: d_step { _pid == 0 && token_at == 0 && (token_black || black[0]) ->
       token_at = N - 1; token_black = false; black[0] = false }
  :: d_step { _pid > 0 && token_at == _pid && (!active_[_pid] || black[_pid] || token_black) ->
       token_at = _pid - 1; token_black = token_black || black[_pid]; black[_pid] = false }
  :: d_step { active_[_pid] -> active_[_pid] = false }
#define SEND(r) :: d_step { r < N && _pid != r && active_[_pid] -> \
    active_[(r) % N] = true; black[_pid] = black[_pid] || r > _pid }
  SEND(0) SEND(1) SEND(2) SEND(3) SEND(4) SEND(5) SEND(6) SEND(7) SEND(8) SEND(9) SEND(10) SEND(11)
  od
}
