/* Twin of alternating_bit.py in this folder. -DLOSSY: messages and acknowledgements get lost. */
#define EMPTY 2
byte data = EMPTY, reply = EMPTY;
bool sent, expected;

active proctype transmitter() { do :: d_step { data == EMPTY -> data = sent } od }

active proctype collector()
{
    do
    :: d_step { reply != EMPTY ->
           if
           :: reply == sent -> sent = !sent
           :: else
           fi;
           reply = EMPTY }
    od
}

active proctype receiver()
{
    do
    :: d_step { data != EMPTY ->
           if
           :: data == expected -> expected = !expected
           :: else
           fi;
           reply = data;
           data = EMPTY }
    od
}

#ifdef LOSSY
active proctype loser()
{
    do
    :: d_step { data != EMPTY -> data = EMPTY }
    :: d_step { reply != EMPTY -> reply = EMPTY }
    od
}
#endif

ltl messages_arrive { []<> expected && []<> !expected }
