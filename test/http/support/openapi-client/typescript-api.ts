/**
 * What `openapi-typescript` gets where it imports TypeScript: it builds types with the API of
 * TypeScript 5 and 6, which the TypeScript of this project may no longer have.
 */
import { ts } from "ts-morph";

export default ts;
