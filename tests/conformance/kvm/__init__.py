"""The specs of KVM and of QEMU's vcpus against /dev/kvm of this machine."""
