import { describeStore } from './conformance';
import { MemoryStore } from '../../../src/runner/stores/memory';

describeStore('MemoryStore', async () => new MemoryStore());
