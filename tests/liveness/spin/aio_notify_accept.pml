/* Twin of specs/qemu/aio_notify_accept.py, stated anew from it. -DFLAG_FIRST: the flag is set before the event.
   -DSKIP: no event where the flag is set. -DCHECK_REQ: as in aio_notify_bug.pml. */
#ifdef CHECK_REQ
#define SOMEBODY_WAITS (notify_me > 0)
#else
#define SOMEBODY_WAITS true
#endif

bool event, request, notified, notifier_done;
byte notify_me;

inline set_event()
{
#ifdef SKIP
    if
    :: !notified -> event = true
    :: else
    fi
#else
    event = true
#endif
}

active proctype notifier()
{
    do
    :: true ->
       request = true;
       if
       :: SOMEBODY_WAITS ->
#ifdef FLAG_FIRST
          notified = true;
          set_event()
#else
          set_event();
          notified = true
#endif
       :: else
       fi
    :: true -> break
    od;
    notifier_done = true
}

inline aio_poll()
{
    notify_me++;
    if
    :: !request -> (event)
    :: else
    fi;
    notify_me--;
    if
    :: d_step { notified -> notified = false }; event = false
    :: !notified
    fi;
    request = false
}

active proctype waiter()
{
    do
    :: aio_poll()
    od
}

active proctype temporary_waiter()
{
    do
    :: true -> aio_poll()
    :: true -> break
    od
}

ltl event_comes_and_goes { []<> (event || notifier_done) && []<> !event }
ltl request_is_taken { []<> !request }
