//! CRC-32C, bit by bit in a table made at compile time.

/// Returns the checksum of the parts, one after the other, begun with `salt`.
///
/// The salt is random and stands in the name of the file: a prompt that imitates a record cannot have its checksum.
pub(super) fn checksum(salt: u64, parts: &[&[u8]]) -> u32 {
    let salt = salt.to_le_bytes();
    let bytes = salt.iter().chain(parts.iter().copied().flatten());
    !bytes.fold(!0, |sum: u32, byte| {
        let at = usize::from(sum.to_le_bytes().first().copied().unwrap_or_default() ^ byte);
        TABLE.get(at).copied().unwrap_or_default() ^ (sum >> 8)
    })
}

const POLYNOMIAL: u32 = 0x82f6_3b78;

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut rest: &mut [u32] = &mut table;
    let mut index: u32 = 0;
    while let [first, others @ ..] = rest {
        let (mut value, mut bit) = (index, 0_u32);
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ POLYNOMIAL } else { value >> 1 };
            bit = bit.saturating_add(1);
        }
        *first = value;
        rest = others;
        index = index.saturating_add(1);
    }
    table
};
