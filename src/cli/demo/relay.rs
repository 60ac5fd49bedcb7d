//! A mail relay on this machine for the example: accepts every message and keeps it as a file. It passes nothing on.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Listens on loopback until dropped.
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts a relay that keeps messages in `folder`.
    ///
    /// # Errors
    /// When the folder cannot be made or no port is to be had.
    pub async fn start(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (folder, kept) = (folder.to_owned(), Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (folder, kept) = (folder.clone(), Arc::clone(&kept));
                // A client that breaks off is its own affair: it tries again.
                tokio::spawn(async move { converse(stream, &folder, &kept).await.ok() });
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(stream: TcpStream, folder: &Path, kept: &AtomicUsize) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 example relay\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb: String = line.chars().take(4).collect::<String>().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" => b"250-example relay\r\n250 SIZE 52428800\r\n",
            "DATA" => {
                writer.write_all(b"354 go ahead\r\n").await?;
                let mut message = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    message.push_str(line.strip_prefix('.').unwrap_or(&line));
                    message.push_str("\r\n");
                }
                let number = kept.fetch_add(1, Ordering::Relaxed) + 1;
                tokio::fs::write(place(folder, number, &message), &message).await?;
                b"250 kept\r\n"
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 ok\r\n",
        };
        writer.write_all(answer).await?;
    }
    Ok(())
}

/// Where a message is kept: its number and what its subject begins with.
fn place(folder: &Path, number: usize, message: &str) -> PathBuf {
    let header = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim().to_owned();
    let to = header("To:");
    let to = to.rsplit(['<', ' ']).next().unwrap_or("").trim_end_matches('>').to_owned();
    let subject = header("Subject:");
    let words: String =
        subject.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let words = words.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let safe: String = to.chars().filter(|c| c.is_ascii_alphanumeric() || "@.-".contains(*c)).collect();
    folder.join(format!("{number:03} {safe} {words}.eml"))
}
