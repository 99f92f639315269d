package sluice.shim;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.PojoRequestHandler;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;

/**
 * Calls of `PojoRequestHandler<I, O>`: JSON in and out, by Jackson, which the cloud's own error documents show as its
 * writer. Not loaded before the first such call.
 */
final class Pojo {
    private static final ObjectMapper MAPPER =
            new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

    private Pojo() {}

    /** An empty event is null. */
    static byte[] call(PojoRequestHandler<Object, Object> handler, byte[] event, Context context) throws IOException {
        JavaType type = MAPPER.getTypeFactory().constructType(handler.getClass()).findSuperType(PojoRequestHandler.class).containedType(0);
        Object input = event.length == 0 ? null : read(event, type);
        return MAPPER.writeValueAsBytes(handler.handleRequest(input, context));
    }

    private static Object read(byte[] event, JavaType type) throws IOException {
        try {
            return MAPPER.readValue(event, type);
        } catch (JsonProcessingException wrong) {
            throw new IllegalArgumentException(
                    "the event is not JSON of " + type.toCanonical() + ": " + wrong.getOriginalMessage());
        }
    }
}
