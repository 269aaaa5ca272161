/**
 * Readers of stored data: Durable Object rows, KV values, queue messages and JSON in D1.
 *
 * Guarantee: a reader keeps fields that it does not know, at any depth, so what a newer release
 * added is still there when this one writes the document again. It checks types, not values: a
 * limit or a pattern that a newer release widened refuses nothing that is stored already. A version
 * above its own is read when the document names a reader (`readableFrom`) that is not above it.
 * Not for requests: those are parsed with the schema itself, which names unknown fields.
 *
 * docs/stored-shapes.md has the policy that this is a part of.
 */
import { z } from "zod";

/** Begins the text of every error about stored data that this release cannot read. */
export const STORED_UNREADABLE = "stored_unreadable";

/** The reader of what is stored in the shape of `schema`. */
export function storedReader<Output>(schema: z.ZodType<Output>): z.ZodType<Output> {
  return z.pipe(loosened(schema), z.custom<Output>());
}

/**
 * What is stored, as `reader` reads it.
 * @param what the stored document, for the error
 * @throws Error that begins with `stored_unreadable`, and crosses from an object to its caller
 */
export function readStored<Output>(
  reader: z.ZodType<Output>,
  stored: unknown,
  what: string,
): Output {
  const read = reader.safeParse(stored);
  if (read.success) return read.data;
  const why = read.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim());
  throw new Error(`${STORED_UNREADABLE}: ${what}: ${why.join("; ")}`);
}

/** An error of `readStored`, thrown here or in an object that was called. */
export function isStoredUnreadable(error: unknown): boolean {
  return error instanceof Error && error.message.includes(`${STORED_UNREADABLE}: `);
}

type Schema = z.core.$ZodType;

function loosened(schema: Schema): Schema {
  if (schema instanceof z.ZodObject) return looseObject(schema);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    return new z.ZodDiscriminatedUnion({ ...schema.def, options: schema.options.map(loosened) });
  }
  if (schema instanceof z.ZodUnion) return z.union(schema.options.map(loosened));
  if (schema instanceof z.ZodArray) return z.array(loosened(schema.element));
  if (schema instanceof z.ZodRecord) return z.record(z.string(), loosened(schema.valueType));
  return loosenedAround(schema);
}

/** Schemas around another one, and those of a single value. */
function loosenedAround(schema: Schema): Schema {
  if (schema instanceof z.ZodOptional) return z.optional(loosened(schema.unwrap()));
  if (schema instanceof z.ZodNullable) return z.nullable(loosened(schema.unwrap()));
  if (schema instanceof z.ZodReadonly) return z.readonly(loosened(schema.unwrap()));
  if (schema instanceof z.ZodDefault) {
    return new z.ZodDefault({
      type: "default",
      innerType: loosened(schema.unwrap()),
      get defaultValue() {
        return schema.def.defaultValue;
      },
    });
  }
  if (schema instanceof z.ZodPrefault) {
    return z.prefault(loosened(schema.unwrap()), () => schema.def.defaultValue);
  }
  if (schema instanceof z.ZodCatch) {
    return new z.ZodCatch({ ...schema.def, innerType: loosened(schema.unwrap()) });
  }
  if (schema instanceof z.ZodPipe) {
    return new z.ZodPipe({ ...schema.def, in: loosened(schema.in), out: loosened(schema.out) });
  }
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return z.string();
  if (schema instanceof z.ZodNumber) return schema.isInt ? z.int() : z.number();
  return schema;
}

function looseObject(schema: z.ZodObject): Schema {
  const fields = Object.entries(schema.shape).map(([name, field]) => [name, loosened(field)]);
  const shape: z.core.$ZodLooseShape = Object.fromEntries(fields);
  const { v } = schema.shape;
  const own: unknown = v instanceof z.ZodLiteral ? [...v.values][0] : undefined;
  if (typeof own !== "number") return z.looseObject(shape);
  return z
    .looseObject({ ...shape, v: z.int(), readableFrom: z.int().optional() })
    .check((context) => {
      const version = versionSchema.safeParse(context.value).data;
      // What is no version at all has its own issue already.
      if (version === undefined) return;
      const { v, readableFrom } = version;
      if (v === own || (v > own && (readableFrom ?? v) <= own)) return;
      const from = readableFrom ?? v;
      const message = `is of version ${v}, for readers from ${from} on; this is ${own}`;
      context.issues.push({ code: "custom", input: v, path: ["v"], message });
    });
}

const versionSchema = z.object({ v: z.int(), readableFrom: z.int().optional() });
