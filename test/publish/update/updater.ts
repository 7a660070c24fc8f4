import { openObjectStore } from '../../../src/publish/stores.ts';
import { updateDocument } from '../../../src/publish/update.ts';
import { silentSession } from '../../helpers/session.ts';
import { withoutConditions } from './without-conditions.ts';

// A process that adds its name to a document's list a number of times, one update each.
const [url = '', mode = '', name = '', times = '0'] = process.argv.slice(2);
await using opened = await openObjectStore(url, {}, silentSession());
const store = mode === 'lease' ? withoutConditions(opened) : opened;
for (let count = 0; count < Number(times); count++) {
  await updateDocument(store, 'streams/list.json', (text) => {
    const { entries } = JSON.parse(text ?? '{"entries": []}') as { entries: string[] };
    return JSON.stringify({ entries: [...entries, `${name} ${count}`] });
  });
}
