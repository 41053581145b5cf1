/**
 * Does something with every item: with up to `atOnce` at a time, and in their order. After the first failure, which is that of the whole, or
 * `stop`, no other is begun.
 */
export async function sideBySide<T>(items: readonly T[], atOnce: number, act: (item: T, stop: () => void) => Promise<void>): Promise<void> {
  const waiting = items.values();
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  const goOn = async () => {
    for (const item of waiting) {
      if (stopped) return;
      try {
        await act(item, stop);
      } catch (error) {
        stop();
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, goOn));
}
