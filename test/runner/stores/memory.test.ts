import { MemoryStore } from './_memory';
import { describeStore } from './conformance';

describeStore('MemoryStore', async () => new MemoryStore());
