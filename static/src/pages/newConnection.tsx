import { NewConnectionPage } from "../connections/NewConnectionPage";
import { SchemaFields } from "../form/SchemaFields";

export function Component() {
  return <NewConnectionPage Fields={SchemaFields} />;
}
