import { ConnectionPage } from "../connections/ConnectionPage";
import { SchemaFields } from "../form/SchemaFields";

export function Component() {
  return <ConnectionPage Fields={SchemaFields} />;
}
