//! Taking rights away from the process that calls.
//!
//! Must run before any thread is made, since Landlock binds the calling thread and those it starts. Gives back nothing
//! it takes. Knows nothing of requests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::Limits;

/// Why a worker could not be shut in; it must not touch its input then.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfineError {
    #[error("threads were already running; the worker must be the first thing main does")]
    Threads,
    #[error("the parent is gone")]
    Orphan,
    #[error("/proc/self could not be read: {0}")]
    Proc(#[from] std::io::Error),
    #[error("limits could not be set: {0}")]
    Limits(#[from] rustix::io::Errno),
    #[error("Landlock refused: {0}")]
    Landlock(#[from] landlock::RulesetError),
    #[error("seccomp refused: {0}")]
    Seccomp(#[from] seccompiler::Error),
}

impl From<seccompiler::BackendError> for ConfineError {
    fn from(error: seccompiler::BackendError) -> Self {
        Self::Seccomp(error.into())
    }
}

/// Shuts the process in. Returns whether this kernel's Landlock is in force.
pub(super) fn confine(limits: &Limits, readable: &[PathBuf], parent: i32) -> Result<bool, ConfineError> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(ConfineError::Threads);
    }
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the line above.
    if rustix::process::getppid().map(rustix::process::Pid::as_raw_pid) != Some(parent) {
        return Err(ConfineError::Orphan);
    }
    limit(limits)?;
    let landlocked = landlock(readable)?;
    seccompiler::apply_filter(&filter()?)?;
    Ok(landlocked)
}

fn limit(limits: &Limits) -> Result<(), ConfineError> {
    let mapped = Mapped::now()?;
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    // Private writable memory is the limit that matters. Address space is a backstop with room for what allocators and
    // thread stacks reserve without using.
    let data = mapped.data.saturating_add(limits.memory_bytes);
    let space = mapped.size.saturating_add(limits.memory_bytes.saturating_mul(2)).saturating_add(1 << 30);
    // The parent kills at the wall-clock limit; this ends a worker whose parent is stuck.
    let processor = limits.wall.as_secs().saturating_add(2).saturating_mul(cores);
    for (resource, value) in [
        (Resource::Data, data),
        (Resource::As, space),
        (Resource::Cpu, processor),
        (Resource::Nofile, 256),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ] {
        rustix::process::setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?;
    }
    Ok(())
}

/// What the program image has mapped already, in bytes; a debug build maps hundreds of megabytes.
struct Mapped {
    size: u64,
    data: u64,
}

impl Mapped {
    fn now() -> Result<Self, std::io::Error> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let bytes = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok())
                .map(|kib| kib * 1024)
                .ok_or_else(|| std::io::Error::other(format!("no {name} in /proc/self/status")))
        };
        Ok(Self { size: bytes("VmSize:")?, data: bytes("VmData:")? + bytes("VmStk:")? })
    }
}

/// Reading below `readable` and nothing else: no other file, no TCP, no abstract socket, no signal to the outside.
fn landlock(readable: &[PathBuf]) -> Result<bool, landlock::RulesetError> {
    let abi = ABI::V6;
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// A list of refused calls (they fail with `EPERM`): network, other programs, other processes, limits, namespaces,
/// and changes to files that Landlock does not see. `socketpair` stays, for tokio's own wake-ups.
fn filter() -> Result<BpfProgram, ConfineError> {
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    // abort() signals the own process, and reading a limit is harmless.
    let own = u64::from(rustix::process::getpid().as_raw_nonzero().get().unsigned_abs());
    let another = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, own)?;
    refused.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![another])?]);
    let setting = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
    refused.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![setting])?]);
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let errno = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    Ok(SeccompFilter::new(refused, SeccompAction::Allow, errno, arch)?.try_into()?)
}

const REFUSED: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_setrlimit,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_by_handle_at,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_sethostname,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
];
