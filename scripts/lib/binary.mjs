/**
 * What a shared library is, read from its bytes: for which system and processor, what it asks of glibc, whether it is an add-on, and of
 * which version. ELF, PE and Mach-O as their documents lay them out: gabi+ 4.1 and LSB 5 (symbol versions), Microsoft's PE format,
 * Apple's mach-o/loader.h.
 */

/**
 * @typedef {object} Binary
 * @property {'linux' | 'darwin' | 'win32' | 'unknown'} os
 * @property {'x64' | 'arm64' | 'unknown'} cpu
 * @property {'glibc' | 'musl' | null} libc The C library that it asks for; null where it asks for none.
 * @property {string | null} glibc The newest version of glibc that it needs.
 * @property {readonly string[]} needed Libraries that an ELF file asks for.
 * @property {boolean} isAddon Whether it exports the entry that Node calls.
 * @property {string | null} version Of the package that it was built for.
 */

const ENTRY = 'napi_register_module_v1';

/**
 * @param {Buffer} bytes The whole file.
 * @returns {Binary}
 */
export function describeBinary(bytes) {
  const version = /@model-diff\/binding@([0-9A-Za-z.+-]+);/.exec(bytes.toString('latin1'))?.[1] ?? null;
  return { ...describeFormat(bytes), version };
}

/**
 * @param {Buffer} bytes
 * @returns {Omit<Binary, 'version'>}
 */
function describeFormat(bytes) {
  const unknown = {
    os: /** @type {const} */ ('unknown'),
    cpu: nameCpu({}, 0),
    libc: null,
    glibc: null,
    needed: [],
    isAddon: false,
  };
  try {
    if (bytes.readUInt32BE(0) === 0x7f454c46) return describeElf(bytes);
    if (bytes.readUInt32LE(0) === 0xfeedfacf) return { ...unknown, os: 'darwin', ...describeMachO(bytes) };
    if (bytes.readUInt16LE(0) === 0x5a4d) return { ...unknown, os: 'win32', ...describePe(bytes) };
  } catch (error) {
    // Cut off, or a format that only begins like one of these.
    if (!(error instanceof RangeError)) throw error;
  }
  return unknown;
}

/** @param {Buffer} bytes @returns {Omit<Binary, 'version'>} */
function describeElf(bytes) {
  const at = Number(bytes.readBigUInt64LE(40));
  const size = bytes.readUInt16LE(58);
  const sections = Array.from({ length: bytes.readUInt16LE(60) }, (_, index) => {
    const head = bytes.subarray(at + index * size, at + (index + 1) * size);
    const offset = Number(head.readBigUInt64LE(24));
    const body = bytes.subarray(offset, offset + Number(head.readBigUInt64LE(32)));
    return { type: head.readUInt32LE(4), link: head.readUInt32LE(40), body };
  });
  /** The bytes of the section of a type, and its names. @param {number} type */
  const find = (type) => {
    const section = sections.find((it) => it.type === type);
    const names = sections[section?.link ?? 0]?.body ?? Buffer.alloc(0);
    return { body: section?.body ?? Buffer.alloc(0), name: (/** @type {number} */ offset) => readText(names, offset) };
  };
  const dynamic = find(6);
  const needed = split(dynamic.body, 16)
    .filter((entry) => entry.readBigInt64LE(0) === 1n)
    .map((entry) => dynamic.name(Number(entry.readBigUInt64LE(8))));
  const symbols = find(11);
  const isAddon = split(symbols.body, 24).some(
    (entry) => entry.readUInt16LE(6) !== 0 && symbols.name(entry.readUInt32LE(0)) === ENTRY,
  );
  const isMusl = needed.some((name) => name === 'libc.so' || name.startsWith('libc.musl-'));
  return {
    os: 'linux',
    cpu: nameCpu({ 62: 'x64', 183: 'arm64' }, bytes.readUInt16LE(18)),
    libc: isMusl ? 'musl' : needed.includes('libc.so.6') ? 'glibc' : null,
    glibc: findGlibc(find(0x6ffffffe)),
    needed,
    isAddon,
  };
}

/** The newest of the versions that are asked for. @param {{ body: Buffer, name: (offset: number) => string }} versions */
function findGlibc({ body, name }) {
  const found = [];
  for (let file = 0, isLast = body.length === 0; !isLast;) {
    let entry = file + body.readUInt32LE(file + 8);
    for (let left = body.readUInt16LE(file + 2); left > 0; left -= 1) {
      const version = /^GLIBC_(\d+(?:\.\d+)+)$/.exec(name(body.readUInt32LE(entry + 8)))?.[1];
      if (version !== undefined) found.push(version);
      entry += body.readUInt32LE(entry + 12);
    }
    const next = body.readUInt32LE(file + 12);
    isLast = next === 0;
    file += next;
  }
  return found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? null;
}

/** @param {Buffer} bytes */
function describeMachO(bytes) {
  const cpu = nameCpu({ 0x01000007: 'x64', 0x0100000c: 'arm64' }, bytes.readUInt32LE(4));
  let isAddon = false;
  for (let command = 32, left = bytes.readUInt32LE(16); left > 0; left -= 1) {
    if (bytes.readUInt32LE(command) === 2) {
      const [symbols = 0, count = 0, names = 0, size = 0] = [8, 12, 16, 20].map((field) => bytes.readUInt32LE(command + field));
      const texts = bytes.subarray(names, names + size);
      // Defined in a section, and visible from outside.
      isAddon = split(bytes.subarray(symbols, symbols + count * 16), 16).some(
        (entry) => (entry.readUInt8(4) & 0x0f) === 0x0f && readText(texts, entry.readUInt32LE(0)) === `_${ENTRY}`,
      );
    }
    command += bytes.readUInt32LE(command + 4);
  }
  return { cpu, isAddon };
}

/** @param {Buffer} bytes */
function describePe(bytes) {
  const head = bytes.readUInt32LE(60);
  const cpu = nameCpu({ 0x8664: 'x64', 0xaa64: 'arm64' }, bytes.readUInt16LE(head + 4));
  const optional = head + 24;
  const table = bytes.subarray(optional + bytes.readUInt16LE(head + 20));
  const sections = split(table.subarray(0, bytes.readUInt16LE(head + 6) * 40), 40);
  /** The place in the file of an address in memory. @param {number} address */
  const locate = (address) => {
    const section = sections.find((it) => address >= it.readUInt32LE(12) && address < it.readUInt32LE(12) + it.readUInt32LE(16));
    return section === undefined ? bytes.length : address - section.readUInt32LE(12) + section.readUInt32LE(20);
  };
  const exported = locate(bytes.readUInt32LE(optional + 112));
  const names = locate(bytes.readUInt32LE(exported + 32));
  const isAddon = Array.from({ length: bytes.readUInt32LE(exported + 24) }, (_, index) =>
    readText(bytes, locate(bytes.readUInt32LE(names + index * 4))),
  ).includes(ENTRY);
  return { cpu, isAddon };
}

/**
 * @param {Readonly<Record<number, 'x64' | 'arm64'>>} names
 * @param {number} machine
 * @returns {Binary['cpu']}
 */
function nameCpu(names, machine) {
  return names[machine] ?? 'unknown';
}

/** Entries of one size. @param {Buffer} bytes @param {number} size */
function split(bytes, size) {
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

/** A text that ends with a zero byte. @param {Buffer} bytes @param {number} at */
function readText(bytes, at) {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}
