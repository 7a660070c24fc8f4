// A process that writes images into a layout and says what it is at: layout-writer.ts DIRECTORY NAME COUNT
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { mediaTypes } from '../../src/oci/types.ts';
import { storeImageOf } from './image.ts';

const [directory = '', name = '', count = '0'] = process.argv.slice(2);

await using store = await openLayoutForWriting(directory);
for (let number = 0; number < Number(count); number++) {
  const blob = await store.createBlob();
  say('began');
  for (let part = 0; part < 4; part++) {
    await blob.write(Buffer.alloc(100_000, `${name}${number}${part}`));
    say('wrote');
  }
  const layer = { mediaType: mediaTypes.layer, ...(await blob.commit()) };
  say('committed');
  const image = await storeImageOf(store, [layer], [layer.digest]);
  say('stored');
  await store.setTags([`${name}-${number}`], image);
  say(`tagged ${name}-${number}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
