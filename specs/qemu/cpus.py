"""QEMU's vcpu threads with KVM: how a machine is stopped and continued (cpus.c, kvm-all.c, vl.c, December 2010).

A vcpu's thread holds the global mutex except inside KVM_RUN. `do_vm_stop` sets vm_running to 0, asks every
vcpu to pause and waits on a condition, which drops the mutex: until the last one has paused, a vcpu that has
left KVM_RUN for port I/O still gets the mutex and has its handler run, though vm_running == 0. Only then the
devices hear of the stop. A vcpu pauses between two instructions of its guest; SIG_IPI makes it leave KVM_RUN
for that. A vcpu's own thread must not stop the machine (it sets vmstop_requested instead): it would wait for
itself.

`Machine` is for others to build on: they say what the devices do when they hear of it (`vm_state_notify_...`),
and what the main loop is asked for (`commands`, `write`).
"""

from modelcheck import (
    Array, Bool, Case, Const, Enum, Option, Record, at, idle, implies, infinitely_often, invariant, only,
    procedure, process, reachable, temporal, violates, when, where,
)  # fmt: skip

from .kvm_iobus import KvmIoBus, Vcpu
from .main_loop import MainLoop

own_thread = Const(False)                # the handler of a port calls do_vm_stop
commands = Const(("none",))              # what the main loop is asked for, one by one: a Write each

VmState = Enum("running", "stopping", "stopped")  # vm_running == 1; do_vm_stop is under way; it is done

# What a vcpu writes to a device, or the main loop is asked for.
Write = Enum("none", "kick", "driver_ok", "status_0", "pfn_0", "set_pfn", "bus_master_off", "eject",
             "host_notifier_on", "host_notifier_off", "stop", "cont", "migrate", "system_reset")  # fmt: skip


class Cpu(Record):
    """A vcpu's thread (CPUState)."""

    in_guest = Bool(init=True)           # in guest mode: SIG_IPI makes it leave at any instruction
    stop = Bool(init=False)              # asked to pause
    stopped = Bool(init=False)           # paused, in qemu_kvm_wait_io_event


class Machine(MainLoop):
    vm = VmState(init="running")
    cpu = Array(Vcpu, Cpu())
    kvm = KvmIoBus()
    requested = Option(Write, init=None)

    def runs_guest_code(self, cpu):
        """One instruction of the guest: as long as the vcpu has not paused."""
        when(not self.cpu[cpu].stopped)

    def exits(self, cpu):
        """KVM looks at what the guest has written, or QEMU does: no signal makes the vcpu pause meanwhile."""
        self.cpu[cpu].in_guest = False

    def enters(self, cpu):
        self.cpu[cpu].in_guest = True

    @procedure
    def pause_all_vcpus(self):
        yield "pause_all_vcpus", "cpus.c: pause_all_vcpus"
        for c in Vcpu:
            self.cpu[c].stop = True
        self.mutex.unlock()                               # qemu_cond_timedwait(&qemu_pause_cond, ...)
        yield "all vcpus paused", "cpus.c: pause_all_vcpus"
        when(all(self.cpu[c].stopped for c in Vcpu))
        self.mutex.lock()

    def resume_all_vcpus(self):
        for c in Vcpu:
            self.cpu[c].stop = False
            self.cpu[c].stopped = False

    @procedure
    def do_vm_stop(self):
        yield "vm_running = 0", "cpus.c:107"
        self.vm = "stopping"
        yield from self.pause_all_vcpus()
        yield from self.vm_state_notify_stopped()
        yield "bdrv_flush_all", "cpus.c: do_vm_stop"
        self.vm = "stopped"

    @procedure
    def vm_start(self):
        yield "vm_running = 1", "vl.c: vm_start"
        self.vm = "running"
        yield from self.vm_state_notify_running()
        yield "resume_all_vcpus", "cpus.c: resume_all_vcpus"
        self.resume_all_vcpus()

    @procedure
    def vm_state_notify_stopped(self):
        """What has registered with qemu_add_vm_change_state_handler."""
        yield "vm_state_notify(0)", "vl.c: vm_state_notify"

    @procedure
    def vm_state_notify_running(self):
        yield "vm_state_notify(1)", "vl.c: vm_state_notify"

    @procedure
    def write(self, what):
        """Under the mutex."""
        if what == "stop":
            yield from self.do_vm_stop()
        elif what == "cont":
            yield from self.vm_start()

    @process
    def monitor(self):
        """Whoever asks the main loop for something, when it has done what it was asked for before."""
        for what in commands:
            if what != "none":
                yield "request", "vl.c: qemu_system_vmstop_request"
                when(self.requested is None)
                self.requested = what
                self.pipe.qemu_event_increment()

    @procedure
    def requests(self):
        for what in commands:
            if what != "none" and self.requested == what:
                self.requested = None
                yield from self.write(what)

    @process(each=Vcpu, fair="strong")
    def sig_ipi(self, cpu):
        """The vcpu's thread, out of KVM_RUN by a signal or before it goes in again, sees env->stop."""
        while True:
            yield idle("KVM_RUN"), "cpus.c: qemu_kvm_wait_io_event"
            when(self.cpu[cpu].stop and self.cpu[cpu].in_guest and not self.cpu[cpu].stopped)
            when(not self.mutex.held)
            self.cpu[cpu].stopped = True


class PortIo(Machine):
    """Each vcpu writes to a port while the machine is stopped, and the main loop has something to handle."""

    def init(self):
        fd = self.files.eventfd_2(1, self.select.sources, False)
        self.handlers.set_handler(fd, 0)

    @process(each=Vcpu, fair="strong", unfair=("out",))
    def vcpu(self, cpu):
        yield "out"
        self.runs_guest_code(cpu)
        self.exits(cpu)
        yield "lock", "kvm-all.c: kvm_cpu_exec"
        self.mutex.lock()
        if own_thread:
            yield from self.do_vm_stop()
        yield "handler of port", "kvm-all.c: kvm_cpu_exec"
        self.mutex.unlock()
        self.enters(cpu)

    @invariant
    def no_guest_code_while_vm_stopped(self):
        """When do_vm_stop is done, every vcpu has paused."""
        return implies(self.vm == "stopped", all(self.cpu[c].stopped for c in Vcpu))

    @invariant
    def no_handler_after_vm_stop(self):
        return implies(self.vm == "stopped", not any(at(self.vcpu[c], "handler of port") for c in Vcpu))

    @reachable
    def handler_runs_without_vm_running(self):
        return self.vm == "stopping" and at(self.vcpu[0], "handler of port")

    @temporal
    def no_deadlock(self):
        return infinitely_often(not at(self.main_loop, "all vcpus paused")) and all(
            infinitely_often(not at(self.vcpu[c], "all vcpus paused")) for c in Vcpu
        )


CASES = [
    Case("vm_stop and vm_start", PortIo, where(commands=("stop", "cont"))),
    Case("2 vcpus", PortIo, where(commands=("stop", "cont"), vcpus=2)),
    Case("vm_stop on the thread of a vcpu", PortIo, only("no_deadlock"), violates("no_deadlock"),
         where(own_thread=True)),
]
