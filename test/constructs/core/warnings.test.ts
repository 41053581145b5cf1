import { Chart, Testing } from 'cdk8s';
import { warn, warningsOf } from '../../../src/constructs/core/warnings';

test('a warning is metadata at once, and printed once when the app is synthesized', () => {
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const app = Testing.app();
    const chart = new Chart(app, 'shop');
    warn(chart, 'think twice');
    warn(chart, 'think twice');
    expect(warningsOf(chart)).toEqual(['think twice']);
    expect(write).not.toHaveBeenCalled();
    app.synth();
    app.synth();
    expect(write.mock.calls).toEqual([['[warning] shop: think twice\n']]);
  } finally {
    write.mockRestore();
  }
});
