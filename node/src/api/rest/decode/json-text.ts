/**
 * Cuts the text of a JSON value into the texts of its parts, untouched: payloads pass through as they
 * were written, whatever numbers, keys and duplicates they hold. The text must already be known to be
 * valid JSON (the codec's `lift` checks it); what is not fails as a format error all the same.
 */
import { ServiceError } from '../../../errors.js';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

function broken(): ServiceError {
  return new ServiceError('format', 'Format error in JSON body: unexpected end or character');
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

class Scanner {
  #at = 0;

  constructor(readonly text: string) {}

  peek(): number {
    while (isSpace(this.text.charCodeAt(this.#at))) this.#at += 1;
    return this.text.charCodeAt(this.#at);
  }

  expect(code: number): void {
    if (this.peek() !== code) throw broken();
    this.#at += 1;
  }

  takeIf(code: number): boolean {
    if (this.peek() !== code) return false;
    this.#at += 1;
    return true;
  }

  /** The text of the next value, whatever it is. */
  value(): string {
    const first = this.peek();
    const start = this.#at;
    if (first === quote) this.#skipText();
    else if (first === openBrace || first === openBracket) this.#skipNested();
    else this.#skipScalar();
    if (this.#at === start) throw broken();
    return this.text.slice(start, this.#at);
  }

  #skipText(): void {
    for (this.#at += 1; this.#at < this.text.length; this.#at += 1) {
      const code = this.text.charCodeAt(this.#at);
      if (code === backslash) this.#at += 1;
      else if (code === quote) {
        this.#at += 1;
        return;
      }
    }
    throw broken();
  }

  #skipNested(): void {
    let depth = 0;
    while (this.#at < this.text.length) {
      const code = this.text.charCodeAt(this.#at);
      if (code === quote) {
        this.#skipText();
        continue;
      }
      this.#at += 1;
      if (code === openBrace || code === openBracket) depth += 1;
      if (code === closeBrace || code === closeBracket) {
        depth -= 1;
        if (depth === 0) return;
      }
    }
    throw broken();
  }

  #skipScalar(): void {
    while (this.#at < this.text.length) {
      const code = this.text.charCodeAt(this.#at);
      if (isSpace(code) || code === comma || code === closeBrace || code === closeBracket) return;
      this.#at += 1;
    }
  }
}

/** Texts of an object's fields by name; the last of duplicates wins. */
export function objectTexts(text: string): ReadonlyMap<string, string> {
  const scanner = new Scanner(text);
  const fields = new Map<string, string>();
  scanner.expect(openBrace);
  if (scanner.takeIf(closeBrace)) return fields;
  do {
    if (scanner.peek() !== quote) throw broken();
    const name = scanner.value();
    scanner.expect(colon);
    fields.set(String(JSON.parse(name)), scanner.value());
  } while (scanner.takeIf(comma));
  scanner.expect(closeBrace);
  return fields;
}

/** Texts of an array's elements. */
export function arrayTexts(text: string): readonly string[] {
  const scanner = new Scanner(text);
  const elements: string[] = [];
  scanner.expect(openBracket);
  if (scanner.takeIf(closeBracket)) return elements;
  do {
    elements.push(scanner.value());
  } while (scanner.takeIf(comma));
  scanner.expect(closeBracket);
  return elements;
}
