//! A torch file far larger than memory opens at once: descriptions are read, data is not.

mod common;

use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use common::{Counting, measured};
use diff_core::format::{OpenOptions, open};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TENSORS: u64 = 5000;
/// Of each tensor: 20 GB in all, nearly all of it holes.
const BYTES: u64 = 4_000_000;

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

/// What `torch.save` writes for one tensor, without memo.
fn tensor(out: &mut Vec<u8>, number: u64) {
    text(out, &format!("model.layers.{number}.mlp.down_proj.weight"));
    out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(out, "storage");
    out.extend(b"ctorch\nFloatStorage\n");
    text(out, &number.to_string());
    text(out, "cpu");
    let elements = (BYTES / 4) as u32;
    out.push(b'J');
    out.extend(elements.to_le_bytes());
    out.extend(
        b"tQK\x00M\xe8\x03M\xe8\x03\x86M\xe8\x03K\x01\x86\x89ccollections\nOrderedDict\n)RtR",
    );
}

#[test]
fn a_sparse_file_of_20_gigabytes_opens_at_once() {
    let path = std::env::temp_dir().join(format!("model-diff-large-{}.pt", std::process::id()));
    let mut pickle = b"\x80\x02}(".to_vec();
    (0..TENSORS).for_each(|number| tensor(&mut pickle, number));
    pickle.extend(b"u.");
    let mut file = std::fs::File::create(&path).unwrap();
    let mut directory = Vec::new();
    let mut offset = 0;
    let mut add = |name: &str, content: &[u8], size: u64| {
        let name_length = (name.len() as u16).to_le_bytes();
        file.seek(SeekFrom::Start(offset)).unwrap();
        let mut header = b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        header.extend(name_length);
        header.extend([0, 0]);
        header.extend(name.as_bytes());
        header.extend(content);
        file.write_all(&header).unwrap();
        directory.extend(b"PK\x01\x02\0\0\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0");
        directory.extend((size as u32).to_le_bytes());
        directory.extend((size as u32).to_le_bytes());
        directory.extend(name_length);
        directory.extend(12u16.to_le_bytes());
        directory.extend([0; 10]);
        directory.extend(u32::MAX.to_le_bytes());
        directory.extend(name.as_bytes());
        directory.extend([1, 0, 8, 0]);
        directory.extend(offset.to_le_bytes());
        offset += 30 + name.len() as u64 + size;
    };
    add("large/data.pkl", &pickle, pickle.len() as u64);
    for number in 0..TENSORS {
        add(&format!("large/data/{number}"), &[], BYTES);
    }
    add("large/version", b"3\n", 2);
    let mut end = b"PK\x06\x06".to_vec();
    end.extend(44u64.to_le_bytes());
    end.extend([0; 12]);
    end.extend((TENSORS + 2).to_le_bytes());
    end.extend((TENSORS + 2).to_le_bytes());
    end.extend((directory.len() as u64).to_le_bytes());
    end.extend(offset.to_le_bytes());
    end.extend(b"PK\x06\x07\0\0\0\0");
    end.extend((offset + directory.len() as u64).to_le_bytes());
    end.extend(1u32.to_le_bytes());
    end.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(&directory).unwrap();
    file.write_all(&end).unwrap();
    drop(file);

    let (opened, peak, time) = measured(|| open(&path, &OpenOptions::default()));
    let _ = std::fs::remove_file(&path);
    let checkpoint = opened.unwrap();
    assert_eq!(checkpoint.tensors.len() as u64, TENSORS);
    assert!(
        checkpoint
            .tensors
            .iter()
            .all(|tensor| tensor.error().is_none())
    );
    let odd: Vec<&str> = checkpoint
        .findings
        .iter()
        .map(|f| f.code)
        .filter(|c| *c != "CrcMismatch")
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
    say(peak, time);
    assert!(peak < 100 << 20, "{peak} bytes at once");
    // A quarter of a second on an idle machine; it may be shared.
    assert!(time < Duration::from_secs(5), "{time:?}");
}

/// For those who run the test to measure.
fn say(peak: usize, time: Duration) {
    let _ = writeln!(
        std::io::stderr(),
        "opened in {time:?}, at most {} KiB at once",
        peak >> 10
    );
}
