import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The Java lines of docs/contracts/clients.md on the cases of standard input. */
final class Main {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws IOException {
        ArrayNode told = JSON.createArrayNode();
        for (JsonNode each : JSON.readTree(System.in)) {
            told.add(read(each));
        }
        System.out.write(JSON.writeValueAsBytes(told));
        System.out.flush();
    }

    private static ObjectNode read(JsonNode each) throws IOException {
        String user = each.get("user").textValue();
        long nowMs = each.get("now_ms").longValue();
        Tideline.Shown found = Tideline.readList(keys -> values(each.get("values"), keys), user, nowMs);
        ObjectNode told = JSON.createObjectNode().put("token", found.token());
        ArrayNode shown = told.putArray("shown");
        ArrayNode sent = told.putArray("sent");
        for (Tideline.Entry entry : found.entries()) {
            shown.addArray().add(entry.position()).add(entry.activity()).add(entry.variant());
        }
        if (!found.entries().isEmpty()) {
            Tideline.Entry first = found.entries().get(0);
            byte[] event = Tideline.event(user, "conversion", first, found.token(), nowMs, Map.of("value", 12.5));
            sent.add(new String(event, StandardCharsets.UTF_8));
        }
        return told;
    }

    private static List<String> values(JsonNode values, String[] keys) {
        List<String> found = new ArrayList<>();
        for (String key : keys) {
            found.add(values.has(key) ? values.get(key).textValue() : null);
        }
        return found;
    }
}
