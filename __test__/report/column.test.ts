import test from 'ava';
import { encodeColumn } from '../../src/report/json/column.ts';

test('a NaN has the same bytes whatever its sign and payload', (t) => {
  const bits = (text: string): Float64Array => new Float64Array(BigUint64Array.of(BigInt(text), 0x3ff8000000000000n).buffer);
  const expected = encodeColumn(Float64Array.of(Number.NaN, 1.5));
  t.true('data' in expected && expected.data.startsWith('AAAAAAAA+H'));
  for (const nan of ['0xfff8000000000000', '0x7ff8000000000001', '0xffffffffffffffff'])
    t.deepEqual(encodeColumn(bits(nan)), expected, nan);
});
