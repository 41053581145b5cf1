/*
 * Messages name properties and methods as the language of the app spells them. jsii says which it is. Java spells them as TypeScript does, Go only begins
 * them with a capital; Python has underscores, and a property of the message's name is found nowhere in the app.
 */
import { IConstruct } from 'constructs';

/** What was given, in double quotes, which stays as it is. */
const VALUE = /"(?:[^"\\]|\\.)*"/;

/** Properties in single quotes, also within others: `'prune.serviceAccount'`, `'accessModes[0]'`. */
const PROPERTY = /'[a-z]\w*(?:\.[a-z]\w*|\[\d+\])*'/;

/** What one calls: `RestoreWorkload.fromDeploymentName`. */
const METHOD = /(?<=\b[A-Z]\w*\.)[a-z]\w*\b/;

const SPELLED = new RegExp([VALUE, PROPERTY, METHOD].map(({ source }) => source).join('|'), 'g');

/** The message for the language of the app. */
export function spelled(message: string, agent = process.env.JSII_AGENT): string {
  if (!agent?.startsWith('Python/')) return message;
  return message.replace(SPELLED, found => found.startsWith('"') ? found : inPython(found));
}

/** Lets the app refuse to be written with these messages. */
export function refuseAtSynth(construct: IConstruct, messages: () => string[]): void {
  construct.node.addValidation({ validate: () => messages().map(message => spelled(message)) });
}

function inPython(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, capital => `_${capital.toLowerCase()}`);
}
