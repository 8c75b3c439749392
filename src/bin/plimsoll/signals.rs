//! The runner's wish to end: SIGINT when a workflow is cancelled, SIGTERM seven and a half seconds later, the end after
//! another two and a half. A container's first process gets no signal that it does not ask for.
//!
//! Before anything is written there is nothing to take back: the program ends at once, whatever it is at. While it posts
//! it may finish, or takes back what it has begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

/// What was asked for until now.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Wish {
    GoOn,
    EndSoon,
    EndNow,
}

/// The signals of this process, listened to by a thread of their own: judging takes its time and is not interrupted.
#[derive(Debug)]
pub(crate) struct Signals {
    wish: watch::Receiver<Wish>,
    held: Arc<AtomicBool>,
}

impl Signals {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        let (sender, wish) = watch::channel(Wish::GoOn);
        let held = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&held);
        // Without the thread only the deadline ends the run.
        let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                runtime.block_on(listen(&sender, &shared));
            }
        });
        Self { wish, held }
    }

    /// From now on a signal does not end the program at once.
    pub(crate) fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    /// Ends when the program has to: so long after SIGINT, at once at SIGTERM or a second SIGINT.
    pub(crate) async fn must_end(&self, to_finish: Duration) {
        let mut wish = self.wish.clone();
        if wish.wait_for(|wish| *wish != Wish::GoOn).await.is_err() {
            return std::future::pending().await;
        }
        tokio::select! {
            _ = wish.wait_for(|wish| *wish == Wish::EndNow) => {}
            () = sleep(to_finish) => {}
        }
    }
}

#[cfg(unix)]
async fn listen(sender: &watch::Sender<Wish>, held: &AtomicBool) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    loop {
        let at_once = tokio::select! {
            _ = interrupt.recv() => false,
            _ = terminate.recv() => true,
        };
        asked(sender, held, at_once);
    }
}

#[cfg(not(unix))]
async fn listen(sender: &watch::Sender<Wish>, held: &AtomicBool) {
    while tokio::signal::ctrl_c().await.is_ok() {
        asked(sender, held, false);
    }
    std::future::pending().await
}

fn asked(sender: &watch::Sender<Wish>, held: &AtomicBool, at_once: bool) {
    if !held.load(Ordering::SeqCst) {
        crate::output::cancelled();
    }
    sender.send_modify(|wish| *wish = if at_once || *wish != Wish::GoOn { Wish::EndNow } else { Wish::EndSoon });
}
