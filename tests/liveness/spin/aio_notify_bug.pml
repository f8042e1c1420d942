/* Twin of specs/qemu/aio_notify_bug.py, stated anew from it. -DLATE: the event is cleared after the request.
   -DCHECK_REQ: the event is set only for a waiter that has announced itself. */
#ifdef CHECK_REQ
#define SOMEBODY_WAITS (notify_me > 0)
#else
#define SOMEBODY_WAITS true
#endif

bool event, request, notifier_done;
byte notify_me;

active proctype notifier()
{
    do
    :: true ->
       request = true;
       if
       :: SOMEBODY_WAITS -> event = true
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
#ifdef LATE
    request = false;
    event = false
#else
    event = false;
    request = false
#endif
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
