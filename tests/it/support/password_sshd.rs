//! An SSH server that asks for a password, which an unprivileged `sshd` cannot check; its file transfer is OpenSSH's own.

use std::{net::Ipv4Addr, process::Stdio, sync::Arc, time::Duration};

use russh::{
    Channel, ChannelId, MethodKind, MethodSet,
    keys::PrivateKey,
    server::{self, Auth, ChannelOpenHandle, Msg, Response, Session},
};
use tokio::{io::AsyncWriteExt, net::TcpListener, process::Command};

const TRANSFER: &str = "/usr/lib/openssh/sftp-server";

/// How the password is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    Plainly,
    /// As a question, the way a server with PAM does.
    AsAQuestion,
}

/// Serves the folder of this process to whoever knows the password; answers with the port.
pub async fn serve(host_key: &str, password: &'static str, asks: Asks) -> u16 {
    let kind = if asks == Asks::Plainly { MethodKind::Password } else { MethodKind::KeyboardInteractive };
    let config = Arc::new(server::Config {
        keys: vec![PrivateKey::from_openssh(host_key).unwrap()],
        methods: MethodSet::from([kind].as_slice()),
        auth_rejection_time: Duration::from_millis(10),
        ..Default::default()
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (config, handler) = (Arc::clone(&config), Handler { password, asks, channel: None });
            tokio::spawn(async move {
                if let Ok(running) = server::run_stream(config, stream, handler).await {
                    let _ = running.await;
                }
            });
        }
    });
    port
}

struct Handler {
    password: &'static str,
    asks: Asks,
    channel: Option<Channel<Msg>>,
}

impl server::Handler for Handler {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, Self::Error> {
        let right = self.asks == Asks::Plainly && password == self.password;
        Ok(if right { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut response) = response else {
            let prompts = vec![("Password: ".into(), false)].into();
            return Ok(Auth::Partial { name: "".into(), instructions: "".into(), prompts });
        };
        let right = response.next().is_some_and(|answer| answer == self.password.as_bytes());
        Ok(if right { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channel = Some(channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        assert_eq!(name, "sftp");
        let channel = self.channel.take().unwrap();
        let mut command = Command::new(TRANSFER);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut transfer = command.spawn().unwrap();
        let (mut input, mut output) = (transfer.stdin.take().unwrap(), transfer.stdout.take().unwrap());
        tokio::spawn(async move {
            let (mut from, mut to) = tokio::io::split(channel.into_stream());
            let up = async {
                let copied = tokio::io::copy(&mut from, &mut input).await;
                let _ = input.shutdown().await;
                copied
            };
            tokio::select! { _ = up => {}, _ = tokio::io::copy(&mut output, &mut to) => {} }
            drop(transfer);
        });
        session.channel_success(id)
    }
}
