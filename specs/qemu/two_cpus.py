"""Two vcpus in one thread (no I/O thread): vcpu 0 spins until vcpu 1 has done something. Does vcpu 1 have its turns?

`cpu_exec_all` (QEMU 25db9ebe15, cpus.c:913) runs the vcpus in turn, each until its KVM_RUN returns; the spinning guest
never leaves by itself. What ends its turn is a signal, so this is the race of specs/qemu/one_thread.py once more.
"""

from modelcheck import (
    Bool, Case, Const, Option, Range, Spec, action, idle, infinitely_often, process, temporal, violates, when, where,
)  # fmt: skip

alarm = Const("dynticks")      # or none
sigmask = Const(False)         # the timer's signal is blocked but inside KVM_RUN

Cpu = Range(2)


class TwoCpus(Spec):
    armed = Bool(init=alarm != "none")
    sigalrm = Bool(init=False)
    interrupted = Bool(init=False)
    expired = Bool(init=False)
    exit_request = Bool(init=False)             # of the vcpu whose turn it is
    turn = Option(Cpu, init=None)
    in_guest = Bool(init=False)

    def handler(self):
        self.expired = True
        if self.turn is not None:
            self.exit_request = True

    @action(fair="weak")
    def timer_expires(self):
        when(self.armed and not self.sigalrm)
        self.sigalrm = True
        self.armed = False

    @action(fair="weak")
    def signal_is_delivered(self):
        when(self.sigalrm and not sigmask)
        self.sigalrm = False
        self.handler()
        self.interrupted = self.in_guest

    @process(fair="weak")
    def thread(self):
        while True:
            for cpu in Cpu:
                yield "next cpu", "cpus.c: cpu_exec_all"
                self.turn = cpu
                yield "exit_request?", "kvm-all.c: kvm_cpu_exec"
                if not self.exit_request:
                    yield "KVM_RUN", "kvm-all.c: kvm_cpu_exec"
                    self.in_guest = True
                    yield idle("in the guest")
                    when(self.interrupted or (sigmask and self.sigalrm) or cpu == 1)  # vcpu 1 halts
                    self.in_guest = False
                    self.interrupted = False
                yield "cpu_exec returns", "cpu-exec.c: cpu_exec"
                self.exit_request = False
                self.turn = None
            yield "main_loop_wait", "vl.c:1296"
            if sigmask and self.sigalrm:
                self.sigalrm = False
                self.handler()
            if self.expired:
                self.expired = False
                self.armed = True

    @temporal
    def vcpu_1_has_its_turns(self):
        """NoStarvation, of the vcpu that the other one waits for."""
        return infinitely_often(self.in_guest and self.turn == 1)


CASES = [
    # Nothing makes vcpu 0 leave.
    Case("P05 no alarm", TwoCpus, violates("vcpu_1_has_its_turns"), where(alarm="none")),
    # As B01: the signal comes between the test of exit_request and KVM_RUN, and was the last one.
    Case("P05 dynticks", TwoCpus, violates("vcpu_1_has_its_turns")),
    Case("P05 dynticks, signal mask", TwoCpus, where(sigmask=True)),
]
