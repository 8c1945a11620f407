// Numbers of forms. A form keeps the text of an input, because a number that is written back while somebody types changes the text: "0.0" becomes "0".

/** The text of a number; "" for undefined. */
export const textOf = (number) => number === undefined ? "" : String(number);

/** The number of a text, or undefined. */
export const numberOf = (text) => text === "" ? undefined : Number(text);

/** The members of an object as texts. */
export const textsOf = (numbers) => Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, textOf(number)]));

/** The members of an object as numbers, without those that are empty. */
export const numbersOf = (texts) => Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== "").map(([name, text]) => [name, Number(text)]));
